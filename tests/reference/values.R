# Values that tests/reference/test_agreement.py compares with, computed once in R and kept in values.csv.
#
#     Rscript tests/reference/values.R        (Debian: r-base-core r-cran-boot r-cran-coin r-cran-metafor r-cran-nlme)
#
# The data are formulas that R and Python evaluate alike, rounded so that there are ties. Random resampling has a seed
# and so many resamples that what is left of chance is far below the tolerances.

library(boot)
library(coin)
library(metafor)
library(nlme)

values <- list()
keep <- function(name, value) values[[name]] <<- as.numeric(value)

i <- 1:24
x <- round(3 * sin(i^2), 1)
y <- round(2 * sin(i^2) + 2.5 * cos(3 * i + 1), 1)
z <- round(2 * cos(i^2 / 3) + sin(i^2), 1)
v <- round(exp(1.2 * sin(i^2)), 2)
six <- factor((i - 1) %% 4)                        # four strata of six
uneven <- factor(rep(0:2, c(5, 8, 11)))
level <- (i - 1) %/% 4
w <- round(y - 0.4 * level, 1)
a <- c(3, 1, 4, 7, 5, 2, 6)
b <- c(2, 3, 1, 7, 4, 5, 6)

# Correlation
keep("spearman", cor(x, y, method = "spearman"))
ranks <- function(u, strata) ave(u, strata, FUN = function(part) rank(part) / (length(part) + 1))
left <- function(u, strata, covariate = NULL) {
  if (is.null(covariate)) return(resid(lm(ranks(u, strata) ~ strata)))
  resid(lm(ranks(u, strata) ~ strata + ranks(covariate, strata)))
}
within <- cor(left(x, uneven), left(y, uneven))
keep("stratified spearman", within)
keep("partial spearman", cor(resid(lm(rank(x) ~ rank(z))), resid(lm(rank(y) ~ rank(z)))))
keep("partial spearman in strata", cor(left(x, uneven, z), left(y, uneven, z)))
error <- sqrt((1 + within^2 / 2) / (24 - 3 - 2))
keep("fisher interval", tanh(atanh(within) + c(-1, 1) * qnorm(0.975) * error))
keep("correlation equivalence", max(pnorm((atanh(-0.7) - atanh(within)) / error),
                                    pnorm((atanh(within) - atanh(0.7)) / error)))

# Randomisation tests
for (alternative in c("two.sided", "less", "greater"))
  keep(paste("exact permutation", alternative),
       cor.test(a, b, method = "spearman", exact = TRUE, alternative = alternative)$p.value)
set.seed(1)
draws <- approximate(nresample = 200000)
for (alternative in c("less", "greater")) {
  keep(paste("stratified permutation", alternative),
       pvalue(independence_test(ranks(z, uneven) ~ ranks(x, uneven) | uneven, distribution = draws,
                                alternative = alternative)))
}
keep("trend", pvalue(spearman_test(w ~ level, distribution = draws, alternative = "less")))
d <- v[1:10] - 1.2
flips <- as.matrix(expand.grid(rep(list(c(1, -1)), 10))) %*% d / 10
keep("sign flips", mean(flips >= mean(d) - 1e-12))

# Series
t <- 1:50
first <- as.numeric(stats::filter(sin(t^2), 0.7, method = "recursive"))
second <- as.numeric(stats::filter(cos(t^2 / 3), 0.6, method = "recursive"))
lags <- 1:10
r <- function(u) acf(rank(u), lag.max = 10, plot = FALSE)$acf[-1] * 50 / (50 - lags)
keep("effective sample size", 50 / (1 + 2 * sum((50 - lags) / 50 * r(first) * r(second))))
rolled <- sapply(0:49, function(k) cor(first, second[(t - 1 + k) %% 50 + 1], method = "spearman"))
keep("circular shifts", mean(rolled <= rolled[1] + 1e-12))

# Bootstrap: percentile and BCa ends. The influence values are centred within strata, as in Efron and Tibshirani (1993,
# eq. 15.36); left to itself boot takes their differences from the estimate, jackknife bias and all.
interval <- function(found) {
  influence <- empinf(found, type = "jack")
  ends <- boot.ci(found, type = c("perc", "bca"), L = influence - ave(influence, found$strata))
  c(ends$percent[4:5], ends$bca[4:5])
}
keep("mean interval", interval(boot(v, function(data, rows) mean(data[rows]), R = 40000)))
table <- data.frame(x, y, six)
rho <- function(data, rows) {
  drawn <- data[rows, ]
  p <- ave(drawn$x, drawn$six, FUN = function(part) rank(part) / (length(part) + 1) - 1 / 2)
  q <- ave(drawn$y, drawn$six, FUN = function(part) rank(part) / (length(part) + 1) - 1 / 2)
  sum(p * q) / sqrt(sum(p^2) * sum(q^2))
}
keep("correlation interval", interval(boot(table, rho, R = 20000, strata = six)))

# Models, families
correlations <- c(-0.5, -0.2, -0.6, 0.1)
sizes <- c(12, 30, 20, 50)
fit <- rma(yi = atanh(correlations), vi = (1 + correlations^2 / 2) / (sizes - 3), method = "PM", test = "knha")
keep("random effects", c(tanh(fit$beta), tanh(fit$ci.lb), tanh(fit$ci.ub), fit$tau2))
fit <- lme(fixed = high ~ x, random = ~ 1 | six, data = data.frame(high = y + 2 * (i - 1) %% 4, x, six), method = "REML")
keep("mixed slope", c(fixef(fit)[2], sqrt(vcov(fit)[2, 2]), as.numeric(VarCorr(fit)[, "Variance"])))
family <- c(0.001, 0.04, 0.011, 0.2, 0.012, 0.9, 0.0005, 0.04)
keep("holm", p.adjust(family, "holm"))
keep("fdr_bh", p.adjust(family, "BH"))
keep("binomial interval", binom.test(17, 40)$conf.int)
keep("two one-sided t tests", max(t.test(v, mu = 0.6, alternative = "greater")$p.value,
                                  t.test(v, mu = 2.4, alternative = "less")$p.value))

here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
rows <- data.frame(name = rep(names(values), lengths(values)), value = sprintf("%.15g", unlist(values)))
write.csv(rows, file.path(here, "values.csv"), row.names = FALSE, quote = FALSE)

(function () {
  "use strict";
  var MARGIN = 64; // room beside a panel for its axis and the gap to the next
  var options = {
    mode: "vega-lite",
    renderer: "svg",
    ast: true, // expressions are interpreted, so that the page can forbid evaluating text as code
    actions: { export: { svg: true, png: true }, source: false, compiled: false, editor: false },
    tooltip: { theme: "custom" }
  };

  function unpacked(text) {
    var bytes = Uint8Array.from(atob(text.trim()), function (letter) { return letter.charCodeAt(0); });
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  }

  // The chart library is unpacked for the first chart; the page's policy allows it by its digest.
  var library = null;
  function charts() {
    library = library || unpacked(document.getElementById("chart-library").textContent).then(function (source) {
      var script = document.createElement("script");
      script.textContent = source;
      document.head.appendChild(script);
      return window.vegaEmbed;
    });
    return library;
  }

  // Facets take as many columns as fit; single charts shrink to the room there is.
  function fitted(specification, room) {
    if (specification.columns) {
      var panel = specification.spec.width;
      specification.columns = Math.max(1, Math.min(specification.columns, Math.floor(room / (panel + MARGIN))));
      if (specification.columns === 1) { specification.spec.width = Math.max(120, Math.min(Math.max(panel, 420), room - MARGIN)); }
    } else if (typeof specification.width === "number") {
      specification.width = Math.max(140, Math.min(specification.width, room - MARGIN));
    }
    if (room < 560) { specification.config.legend.columns = 1; }
    return specification;
  }

  function draw(chart) {
    var specification = JSON.parse(chart.querySelector("script").textContent);
    var live = chart.querySelector(".live") || chart.appendChild(document.createElement("div"));
    live.className = "live";
    var settings = Object.assign({ downloadFileName: chart.dataset.name }, options);
    return charts().then(function (embed) {
      return embed(live, fitted(specification, chart.clientWidth), settings);
    }).then(function (result) {
      if (chart.drawn) { chart.drawn.finalize(); }
      chart.drawn = result;
      chart.setAttribute("role", "group"); // a picture may hold no menu
      live.querySelectorAll("summary").forEach(function (menu) { menu.setAttribute("aria-label", "Save this chart"); });
      chart.classList.add("is-live");
    });
  }

  function drawIn(element) {
    var seen = Array.prototype.filter.call(element.querySelectorAll(".chart"), function (chart) {
      return !chart.closest("details:not([open])");
    });
    return seen.reduce(function (before, chart) { return before.then(function () { return draw(chart); }); }, Promise.resolve());
  }

  // What is folded comes into being when it is opened, once.
  function filled(fold) {
    if (fold.filling) { return fold.filling; }
    var data = fold.querySelector(":scope > script");
    if (!data) { return Promise.resolve(); }
    var text = data.type === "application/gzip" ? unpacked(data.textContent) : Promise.resolve(JSON.parse(data.textContent));
    fold.filling = text.then(function (html) {
      var body = document.createElement("div");
      body.className = "fold-body";
      body.innerHTML = html; // this page's own text, escaped where it was made
      data.replaceWith(body);
      return drawIn(body);
    }).then(function () {
      fold.dataset.filled = "yes";
    }).catch(function (problem) {
      fold.dataset.filled = "no";
      console.error(problem);
    });
    return fold.filling;
  }

  // A link may lead to what is folded: the fold that holds it opens, and whatever else is closed around it.
  function reveal() {
    var anchor = decodeURIComponent(location.hash.slice(1));
    if (!/^[a-z0-9-]+$/.test(anchor)) { return; }
    var target = document.getElementById(anchor);
    if (!target) {
      var holder = document.querySelector("details[data-holds~='" + anchor + "']");
      if (holder) { holder.open = true; filled(holder).then(reveal); }
      return;
    }
    for (var around = target; around; around = around.parentElement) {
      if (around.tagName === "DETAILS") { around.open = true; }
    }
    (target.tagName === "DETAILS" ? filled(target) : Promise.resolve()).then(function () { target.scrollIntoView(); });
  }

  document.addEventListener("toggle", function (event) {
    if (event.target.open) { filled(event.target); }
  }, true);
  document.addEventListener("keydown", function (event) {
    var shown = event.key === "Escape" && document.activeElement;
    if (shown && shown.classList.contains("term")) { shown.blur(); }
  });
  window.addEventListener("hashchange", reveal);

  var pending = 0;
  var width = window.innerWidth;
  window.addEventListener("resize", function () {
    if (window.innerWidth === width) { return; }
    width = window.innerWidth;
    window.clearTimeout(pending);
    pending = window.setTimeout(function () { drawIn(document); }, 250);
  });
  document.documentElement.dataset.page = "ready";
  reveal();
})();

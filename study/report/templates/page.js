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
    var specification = JSON.parse(document.getElementById(chart.dataset.spec).textContent);
    var live = chart.querySelector(".live");
    live.hidden = false;
    var settings = Object.assign({ downloadFileName: chart.id }, options);
    return window.vegaEmbed(live, fitted(specification, chart.clientWidth), settings).then(function (result) {
      if (chart.drawn) { chart.drawn.finalize(); }
      chart.drawn = result;
      chart.classList.add("is-live");
    }).catch(function (problem) {
      live.hidden = true; // the still drawing stays
      console.error(problem);
    });
  }

  // A chart inside something closed is drawn when that is opened: a page of many figures is ready sooner.
  function drawIn(element) {
    var charts = Array.prototype.filter.call(element.querySelectorAll(".chart"), function (chart) {
      return !chart.closest("details:not([open])");
    });
    return charts.reduce(function (before, chart) {
      return before.then(function () { return draw(chart); });
    }, Promise.resolve());
  }

  function drawAll() {
    return drawIn(document).then(function () { document.documentElement.dataset.charts = "drawn"; });
  }

  var pending = 0;
  var width = window.innerWidth;
  window.addEventListener("resize", function () {
    if (window.innerWidth === width) { return; }
    width = window.innerWidth;
    window.clearTimeout(pending);
    pending = window.setTimeout(drawAll, 250);
  });
  document.addEventListener("toggle", function (event) {
    if (event.target.open) { drawIn(event.target); }
  }, true);
  drawAll();
})();

// Moves the marks of each unit gallery; the same geometry as gallery_frame.py draws its first state with.
function drawUnitGalleries() {
  for (const gallery of document.querySelectorAll(".unit-gallery")) {
    const data = JSON.parse(gallery.querySelector('script[type="application/json"]').textContent);
    const [layerRange, unitRange] = gallery.querySelectorAll('input[type="range"]');
    const find = (name) => gallery.querySelector(name);
    const short = (value) => String(Math.round(value * 10) / 10);
    const point = (angle, radius) => {
      const turn = (angle * Math.PI) / 180;
      return `${short(radius * Math.cos(turn))},${short(radius * Math.sin(turn))}`;
    };
    const circle = (radius) => (radius > 0
      ? `M${short(radius)},0A${short(radius)},${short(radius)},0,1,1,-${short(radius)},0A${short(radius)},${short(radius)},0,1,1,${short(radius)},0Z`
      : "");
    const around = data.orientations.concat(data.orientations.map((angle) => angle + 180));

    const drawCurves = (unit) => {
      const { left, top, width, height } = data.cartesian;
      const shares = unit.curve.map((value) => value / 1000);
      const twice = shares.concat(shares);
      find(".polar-curve").setAttribute("d", "M" + around.map((angle, i) => point(angle, twice[i] * data.radius)).join("L") + "Z");
      find(".polar-band").setAttribute("d", unit.band.slice().reverse().map((value) => circle((value / 1000) * data.radius)).join(""));
      const step = width / Math.max(data.orientations.length - 1, 1);
      find(".curve-line").setAttribute("d", "M" + shares.map((share, i) => `${short(left + step * i)},${short(top + height * (1 - share))}`).join("L"));
      const [low, high] = unit.band.length ? unit.band : [0, 0];
      find(".curve-band").setAttribute("y", short(top + height * (1 - high / 1000)));
      find(".curve-band").setAttribute("height", short((height * (high - low)) / 1000));
      find(".curve-largest").textContent = unit.largest;
    };
    const drawPictures = (unit) => {
      const [column, row] = unit.grating;
      find(".grating-view").setAttribute("viewBox", `${column * data.side} ${row * data.side} ${data.side} ${data.side}`);
      const rows = unit.kernel || [];
      find("svg.kernel").toggleAttribute("hidden", !rows.length);
      const pixels = find(".kernel-pixels");
      pixels.replaceChildren();
      rows.forEach((colours, y) => {
        const size = 96 / rows.length;
        for (let x = 0; x < colours.length / 6; x += 1) {
          const pixel = document.createElementNS("http://www.w3.org/2000/svg", "rect");
          const box = { x: size * x, y: 24 + size * y, width: size, height: size };
          for (const name of Object.keys(box)) pixel.setAttribute(name, short(box[name]));
          pixel.setAttribute("fill", "#" + colours.slice(6 * x, 6 * x + 6));
          pixels.append(pixel);
        }
      });
    };
    const drawIndex = (unit) => {
      const { left, width } = data.index;
      const [mean, sd] = unit.null;
      const known = mean !== null && sd !== null;
      const low = known ? left + width * Math.max(0, mean - 2 * sd) : left;
      const high = known ? left + width * Math.min(1, mean + 2 * sd) : left;
      find(".index-null").setAttribute("x", short(low));
      find(".index-null").setAttribute("width", short(high - low));
      find(".index-value").setAttribute("cx", short(left + width * (unit.gosi || 0)));
    };
    const drawHistogram = (layer) => {
      const { left, top, width, height } = data.preferred;
      const largest = Math.max(1, ...layer.preferred);
      const step = width / Math.max(layer.preferred.length, 1);
      find(".preferred-bars").setAttribute("d", layer.preferred.map((count, i) =>
        `M${short(left + step * (i + 0.1))},${top + height}v${short((-height * count) / largest)}h${short(step * 0.8)}V${top + height}Z`).join(""));
      find(".preferred-largest").textContent = largest;
    };
    const draw = () => {
      const layer = data.layers[Number(layerRange.value)];
      unitRange.max = layer.units.length - 1;
      const unit = layer.units[Number(unitRange.value)];
      drawCurves(unit);
      drawPictures(unit);
      drawIndex(unit);
      drawHistogram(layer);
      layerRange.nextElementSibling.textContent = layer.name;
      unitRange.nextElementSibling.textContent = unit.channel;
      layerRange.setAttribute("aria-valuetext", layer.name);
      unitRange.setAttribute("aria-valuetext", `unit ${unit.channel}`);
      find(".said").textContent = `${unit.said} ${layer.said}.`;
    };
    layerRange.addEventListener("input", () => {
      unitRange.max = data.layers[Number(layerRange.value)].units.length - 1;
      draw();
    });
    unitRange.addEventListener("input", draw);
    find(".controls").hidden = false;
    draw();
  }
}
drawUnitGalleries();

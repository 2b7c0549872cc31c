"use strict";
// View of one object or recording: level and phase as pictures, probabilities below. All
// three share the axis of windows. Values come as bytes: 0 to 254, and 255 for what is missing.

const SVG = "http://www.w3.org/2000/svg";
const GAP_BYTE = 255;
const MAX_LINES = 6;
const LINES = [
  ["var(--blue)", ""], ["var(--orange)", "7 3"], ["var(--green)", "9 3 2 3"],
  ["var(--purple)", "2 3"], ["var(--vermillion)", "12 3"], ["var(--sky)", "5 2 2 2 2 2"],
];
const EDGE = { left: 58, right: 92, top: 10, gap: 20 };

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Bytes (column, step) as RGBA pixels: columns to the right, the first step at the bottom. */
function pixelsOf(bytes, columns, steps, colours) {
  const pixels = new Uint8ClampedArray(4 * columns * steps);
  for (let column = 0; column < columns; column++) {
    for (let step = 0; step < steps; step++) {
      const value = bytes[column * steps + step];
      if (value === GAP_BYTE) continue; // stays transparent
      const at = 4 * ((steps - 1 - step) * columns + column);
      pixels.set(colours.subarray(3 * value, 3 * value + 3), at);
      pixels[at + 3] = 255;
    }
  }
  return pixels;
}

/** Classes to draw: those with the highest probability in any window, in their own order. */
function drawnClasses(posterior, columns, classes) {
  const peakOf = (one) => {
    let peak = 0;
    for (let column = 0; column < columns; column++) {
      const value = posterior[column * classes + one];
      if (value !== GAP_BYTE) peak = Math.max(peak, value);
    }
    return peak;
  };
  const all = Array.from({ length: classes }, (_, one) => [peakOf(one), one]);
  all.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  return all.slice(0, MAX_LINES).map(([, one]) => one).sort((a, b) => a - b);
}

/** About so many round numbers from low to high. */
function ticks(low, high, count) {
  const rough = (high - low) / Math.max(count, 1);
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= rough * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high + 1e-9 * step; k++) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}

const signed = (value, digits) => value.toFixed(digits).replace("-", "\u2212");

/** Position of a window, counted from 1, among the columns, as a share of their width. */
function placeOf(window, rows) {
  const after = rows.findIndex((row) => row + 1 >= window);
  if (after <= 0) return 0.5 / rows.length;
  const [low, high] = [rows[after - 1] + 1, rows[after] + 1];
  return (after - 0.5 + (window - low) / (high - low)) / rows.length;
}

const valueOf = (byte, low, high) => low + (byte / (GAP_BYTE - 1)) * (high - low);

// The document from here on.

function element(parent, name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function pictureOf(bytes, columns, steps, colours) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, steps];
  const pixels = pixelsOf(bytes, columns, steps, colours);
  canvas.getContext("2d").putImageData(new ImageData(pixels, columns, steps), 0, 0);
  return canvas.toDataURL();
}

/** Draw a panel's frame and y-axis with label; return the function from value to y. */
function panel(svg, box, label, low, high, marks, format) {
  const y = (value) => box.y + box.height * (1 - (value - low) / (high - low));
  element(svg, "rect", { class: "frame", x: box.x, y: box.y, width: box.width, height: box.height });
  for (const mark of marks) {
    element(svg, "text", { x: box.x - 6, y: y(mark) + 4, "text-anchor": "end" }, format(mark));
  }
  const middle = box.y + box.height / 2;
  element(svg, "text", {
    x: 13, y: middle, "text-anchor": "middle", transform: `rotate(-90 13 ${middle})`,
  }, label);
  return y;
}

function colourBar(svg, box, colours, low, high, marks, label) {
  const bar = { x: box.x + box.width + 12, y: box.y, width: 12, height: box.height };
  const ramp = Uint8Array.from({ length: GAP_BYTE }, (_, value) => value);
  element(svg, "image", {
    ...bar, preserveAspectRatio: "none", href: pictureOf(ramp, 1, GAP_BYTE, colours),
  });
  for (const mark of marks) {
    const y = bar.y + bar.height * (1 - (mark - low) / (high - low));
    element(svg, "text", { x: bar.x + 17, y: y + 4 }, signed(mark, 0));
  }
  const middle = bar.y + bar.height / 2;
  element(svg, "text", {
    x: bar.x + 66, y: middle, "text-anchor": "middle", transform: `rotate(-90 ${bar.x + 66} ${middle})`,
  }, label);
}

function waterfall(content) {
  const place = document.getElementById("drawing");
  const legend = document.getElementById("legend");
  const readout = document.getElementById("readout");
  const colours = { level: bytesOf(content.colours.level), phase: bytesOf(content.colours.phase) };
  const classes = content.classes.length;
  const cache = new Map();
  let current = null;

  function decoded(index) {
    const view = content.views[index];
    if (!view) return null;
    if (!cache.has(index)) {
      const bytes = (name) => view[name] === null ? null : bytesOf(view[name]);
      const [level, phase, posterior] = ["level", "phase", "posterior"].map(bytes);
      cache.clear();
      cache.set(index, { ...view, columns: view.rows.length, level, phase, posterior });
    }
    return cache.get(index);
  }

  function pictures(svg, view, box) {
    const unit = view.phase ? "Level (dB)" : "Value";
    const rows = [["level", unit, view.low, view.high, ticks(view.low, view.high, 4)]];
    if (view.phase) rows.push(["phase", "Phase (\u00b0)", -180, 180, [-180, 0, 180]]);
    for (const [name, label, low, high, marks] of rows) {
      element(svg, "image", {
        x: box.x, y: box.y, width: box.width, height: box.height, preserveAspectRatio: "none",
        href: pictureOf(view[name], view.columns, view.steps, colours[name]),
      });
      const steps = view.steps > 1 ? [0, Math.floor((view.steps - 1) / 2), view.steps - 1] : [0];
      panel(svg, box, content.stepName, -0.5, view.steps - 0.5, steps, String);
      colourBar(svg, box, colours[name], low, high, marks, label);
      box.y += box.height + EDGE.gap;
    }
  }

  function track(svg, view, box, drawn) {
    const y = panel(svg, box, "Probability (%)", 0, 1, [0, 0.5, 1], (mark) => String(100 * mark));
    element(svg, "line", { class: "grid", x1: box.x, x2: box.x + box.width, y1: y(0.5), y2: y(0.5) });
    drawn.forEach((one, order) => {
      const [stroke, dash] = LINES[order];
      const points = [];
      for (let column = 0; column < view.columns; column++) {
        const byte = view.posterior[column * classes + one];
        if (byte === GAP_BYTE) continue;
        const height = y(byte / (GAP_BYTE - 1));
        const x = box.x + (box.width * (column + 0.5)) / view.columns;
        points.push(`${x.toFixed(1)},${height.toFixed(1)}`);
      }
      const style = { fill: "none", stroke, "stroke-width": 2, "stroke-dasharray": dash };
      element(svg, "polyline", { ...style, points: points.join(" ") });
      if (view.columns > 16) return;
      for (const point of points) {
        const [cx, cy] = point.split(",");
        element(svg, "circle", { cx, cy, r: 3.2, fill: stroke });
      }
    });
  }

  function windowAxis(svg, view, box) {
    const [first, last] = [view.rows[0] + 1, view.rows[view.columns - 1] + 1];
    const marks = first === last ? [first]
      : ticks(first, last, Math.min(8, box.width / 60)).filter(Number.isInteger);
    for (const mark of marks) {
      const x = box.x + box.width * placeOf(mark, view.rows);
      element(svg, "text", { x, y: box.y + 16, "text-anchor": "middle" }, counted(mark));
    }
    element(svg, "text", { x: box.x + box.width / 2, y: box.y + 36, "text-anchor": "middle" }, "Window (number)");
  }

  function listClasses(drawn) {
    legend.replaceChildren(...drawn.map((one, order) => {
      const item = document.createElement("li");
      const sample = element(item, "svg", { viewBox: "0 0 36 12", "aria-hidden": "true" });
      const [stroke, dash] = LINES[order];
      element(sample, "line", { x1: 1, x2: 35, y1: 6, y2: 6, stroke, "stroke-width": 2.5, "stroke-dasharray": dash });
      item.append(content.classes[one]);
      return item;
    }));
  }

  function draw() {
    const view = current === null ? null : decoded(current);
    legend.replaceChildren();
    readout.textContent = "";
    if (!view) {
      place.replaceChildren("This page has no samples of this row.");
      return;
    }
    const width = Math.max(place.clientWidth, 300);
    const panels = (view.phase ? 2 : 1);
    const height = EDGE.top + panels * (120 + EDGE.gap) + (view.posterior ? 110 : -EDGE.gap) + 44;
    const svg = document.createElementNS(SVG, "svg");
    const described = `Level${view.phase ? ", phase" : ""} and class probabilities over ${view.columns} windows`;
    for (const [key, value] of [["viewBox", `0 0 ${width} ${height}`], ["role", "img"], ["aria-label", described]]) {
      svg.setAttribute(key, value);
    }
    const box = { x: EDGE.left, y: EDGE.top, width: width - EDGE.left - EDGE.right, height: 120 };
    pictures(svg, view, box);
    if (view.posterior) {
      const drawn = drawnClasses(view.posterior, view.columns, classes);
      track(svg, view, { ...box, height: 110 }, drawn);
      listClasses(drawn);
      box.y += 110;
    } else box.y -= EDGE.gap;
    windowAxis(svg, view, box);
    const cursor = element(svg, "line", { class: "cursor", y1: EDGE.top, y2: box.y, visibility: "hidden" });
    svg.addEventListener("pointermove", (event) => point(svg, view, box, cursor, event));
    svg.addEventListener("pointerleave", () => {
      cursor.setAttribute("visibility", "hidden");
      readout.textContent = "";
    });
    place.replaceChildren(svg);
  }

  /** Show the values under the pointer: window, step, level, phase, most probable class. */
  function point(svg, view, box, cursor, event) {
    const area = svg.getBoundingClientRect();
    const x = event.clientX - area.left - box.x;
    const column = Math.floor((x / box.width) * view.columns);
    if (column < 0 || column >= view.columns) return;
    const at = box.x + (box.width * (column + 0.5)) / view.columns;
    cursor.setAttribute("x1", at);
    cursor.setAttribute("x2", at);
    cursor.setAttribute("visibility", "visible");
    const down = (event.clientY - area.top - EDGE.top) % (120 + EDGE.gap);
    const step = Math.floor((1 - down / 120) * view.steps);
    const readings = [`window ${counted(view.rows[column] + 1)}`];
    const inPicture = event.clientY - area.top < EDGE.top + (view.phase ? 2 : 1) * (120 + EDGE.gap);
    if (inPicture && step >= 0 && step < view.steps) {
      const [level, phase] = [view.level, view.phase].map((bytes) => bytes?.[column * view.steps + step]);
      const unit = view.phase ? " dB" : "";
      readings.push(`${content.stepName.toLowerCase()} ${step}`);
      readings.push(level === GAP_BYTE ? "not finite" : signed(valueOf(level, view.low, view.high), 1) + unit);
      if (view.phase && phase !== GAP_BYTE) readings.push(signed(valueOf(phase, -180, 180), 0) + "\u00b0");
    }
    if (view.posterior) {
      const shares = view.posterior.subarray(column * classes, (column + 1) * classes);
      const best = shares.reduce((top, value, one) => (value !== GAP_BYTE && value > shares[top] ? one : top), 0);
      readings.push(`${content.classes[best]} ${((100 * shares[best]) / (GAP_BYTE - 1)).toFixed(0)} %`);
    }
    readout.textContent = readings.join(", ");
  }

  let width = 0;
  new ResizeObserver(() => {
    if (place.clientWidth !== width) {
      width = place.clientWidth;
      draw();
    }
  }).observe(place);
  return (index) => {
    current = index;
    draw();
  };
}

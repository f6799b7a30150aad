// The pictures of numbers: probability over time, bars, the arena, a decision surface. Colours are the page's own.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export function make(tag, attributes = {}, text = "") {
  const svg = ["svg", "rect", "title", "path", "line", "text"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

// Numbers that sum to 1: as they are, or their softmax where the network has none.
export function shares(output) {
  const sum = output.reduce((a, b) => a + b, 0);
  if (output.every((value) => value >= 0) && Math.abs(sum - 1) < 0.05) return output;
  const largest = Math.max(...output);
  const powers = output.map((value) => Math.exp(value - largest));
  const all = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / all);
}

export function likeliest(output, count) {
  const order = output.map((value, i) => [value, i]).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  return order.slice(0, count).map(([, i]) => i);
}

// A canvas with as many pixels as the screen has there.
function sharp(canvas) {
  const scale = globalThis.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  return { context, width, height };
}

// Values from 0 to 1, the newest at the right; with a line at `threshold`.
export function history(canvas, values, most, threshold = 0.5) {
  const { context, width, height } = sharp(canvas);
  const y = (value) => 4 + (1 - value) * (height - 8);
  context.strokeStyle = colour("line");
  context.setLineDash([4, 4]);
  context.beginPath();
  context.moveTo(0, y(threshold));
  context.lineTo(width, y(threshold));
  context.stroke();
  context.setLineDash([]);
  context.strokeStyle = colour("accent");
  context.lineWidth = 2;
  context.beginPath();
  values.forEach((value, i) => context.lineTo(width * (1 - (values.length - 1 - i) / (most - 1)), y(value)));
  context.stroke();
}

// Rows of a name, a bar and a number; `rows` are [name, part of 1, text].
export function bars(list, rows) {
  while (list.children.length > rows.length) list.lastChild.remove();
  rows.forEach(([name, part, text], i) => {
    let row = list.children[i];
    if (!row) {
      row = make("li");
      row.append(make("span", { class: "name" }), make("span", { class: "bar" }), make("span", { class: "number" }));
      row.children[1].append(make("i"));
      list.append(row);
    }
    row.children[0].textContent = name;
    row.children[0].title = name;
    row.children[1].firstChild.style.width = `${100 * Math.max(0, Math.min(1, part))}%`;
    row.children[2].textContent = text;
  });
}

const WIDTH = 400;

// The arena: bytes to the right, steps downwards; a rectangle for each buffer as long as it lives.
export function arena(svg, { arena: { bytes, buffers }, steps, layers }) {
  const row = Math.max(6, Math.min(18, 220 / Math.max(1, steps)));
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${steps * row}`);
  svg.replaceChildren(make("rect", { class: "step", x: 0, y: 0, width: WIDTH, height: row }));
  for (const { offset, bytes: size, first, last } of buffers) {
    const end = Math.min(last, steps - 1);
    const rect = make("rect", {
      class: "buffer",
      x: (offset / bytes) * WIDTH,
      y: first * row + 0.5,
      width: Math.max(1, (size / bytes) * WIDTH - 1),
      height: Math.max(1, (end - first + 1) * row - 1),
    });
    const [from, to] = [first, end].map((step) => layers.find((layer) => layer.step === step)?.name ?? `step ${step}`);
    rect.append(make("title", {}, `${size.toLocaleString()} bytes at ${offset.toLocaleString()}, ${from} to ${to}`));
    svg.append(rect);
  }
  return (step) => {
    svg.firstChild.setAttribute("y", step * row);
    svg.querySelectorAll(".buffer").forEach((rect, i) => {
      rect.classList.toggle("live", buffers[i].first <= step && step <= buffers[i].last);
    });
  };
}

// Of a grid [side][side] of values from 0 to 1 a square, the first row at the bottom; with the point where one is.
export function surface(canvas, grid, [a, b]) {
  const { context, width, height } = sharp(canvas);
  const [low, high, mark] = ["low", "high", "text"].map(colour).map(rgb);
  const side = grid.length;
  grid.forEach((row, y) => {
    row.forEach((value, x) => {
      if (value === null) return;
      const mixed = low.map((from, i) => Math.round(from + value * (high[i] - from)));
      context.fillStyle = `rgb(${mixed.join(" ")})`;
      context.fillRect((x / side) * width, ((side - 1 - y) / side) * height, width / side + 0.7, height / side + 0.7);
    });
  });
  context.strokeStyle = `rgb(${mark.join(" ")})`;
  context.lineWidth = 2.5;
  context.beginPath();
  context.arc((a * (side - 1) + 0.5) / side * width, height - (b * (side - 1) + 0.5) / side * height, 7, 0, 7);
  context.stroke();
}

// Of "#rrggbb".
function rgb(text) {
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

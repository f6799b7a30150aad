// The page of the board: starts the firmware in its worker, and shows what it does. It asks nothing of any other
// computer; all texts from the firmware and the model are set as text.
import { arena, bars, history, likeliest, make, shares, surface } from "./draw.js";
import { HELLO, TextReader, VERSION, encode, frame, writes } from "./frames.js";
import { Pictures, dropped } from "./pictures.js";
import { AT, SOURCE, send, share, wake } from "./shared.js";

const $ = (id) => document.getElementById(id);
const MOST_LINES = 400;
const MOST_ANSWERS = 150;
const SILENT_MS = 3000; // of a firmware that works; then it is taken for one that loops for ever
const GRID = 25; // points of a side of the decision surface
const SLOW_MS = 60; // for each layer, where the arena shows one run

let facts, module, worker, shared, socket, reader, play;
let state = "starting", stateText = "starting", lineText = "", told = null;
let lineOpen = false; // a program has the serial line
let muted = 0; // lines of the surface that are not shown
let answers = [], times = [], lines = [""], dirty = new Set();
let waiting = null; // for the answer to an input of this page
let seq = 1, number = 0, run = 0, beats = 0, silent = 0;

const pictures = new Pictures($("source"), $("video"), {
  say: (text) => ($("camera-note").textContent = text),
  chosen: (source) => {
    document.querySelectorAll("[name=source]").forEach((radio) => (radio.checked = radio.value === source));
    $("from").textContent = { camera: "the camera", scenes: "a drawn scene", files: "your picture" }[source];
  },
});

const takesPictures = () => facts.inputs.length === 1 && facts.inputs[0].shape.length === 4;

function tell(what) {
  told = what;
  state = what.state;
  stateText = what.text;
  showState();
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(what));
}

function showState() {
  $("state").textContent = [stateText, lineOpen ? "a program on this computer asks" : lineText].filter(Boolean).join("; ");
}

function trouble(text) {
  $("trouble").hidden = !text;
  $("trouble").firstChild.textContent = text;
}

// ---- the firmware

function start() {
  worker?.terminate();
  run++;
  shared = share();
  reader = new TextReader();
  [answers, times, waiting, beats, silent] = [[], [], null, 0, 0];
  setSource();
  light(false);
  trouble("");
  worker = new Worker("worker.js", { type: "module" });
  const mine = run;
  worker.onmessage = ({ data }) => mine === run && came[data.kind](data);
  worker.onerror = (event) => mine === run && came.crash({ text: event.message || "the worker does not start" });
  worker.postMessage({ module, shared });
}

// While a program has the line, pictures come over it; so do all inputs that are no pictures.
function setSource() {
  if (!shared) return;
  shared.control[AT.source] = lineOpen ? SOURCE.line : SOURCE.camera;
  wake(shared.control);
}

function stopped(text, what, line = "") {
  worker.terminate();
  run++;
  print("\n");
  trouble(`${text}\nCorrect main.cpp, build it again and reload this page; or reset the board to run it once more.`);
  tell({ state: what, text: text.split("\n")[0], line });
}

const came = {
  start() {
    tell({ state: "running", text: "running" });
    if (!takesPictures() && !lineOpen) setTimeout(ask, 300);
  },
  bytes({ bytes }) {
    Atomics.sub(shared.control, AT.unread, bytes.length);
    wake(shared.control);
    if (lineOpen && socket?.readyState === WebSocket.OPEN) socket.send(bytes);
    print(reader.read(bytes));
  },
  frame() {
    const mine = shared;
    pictures.give(mine);
  },
  picture({ width, height, pixels }) {
    came.seen = { width, height, pixels };
  },
  led({ on }) {
    light(on);
  },
  result({ output, time, network, said, layers }) {
    answers.push(output);
    times.push(performance.now());
    if (answers.length > MOST_ANSWERS) answers.shift();
    if (times.length > 30) times.shift();
    came.last = { output, time, network, said, layers, picture: came.seen };
    globalThis.lastAnswer = came.last; // for a person at the browser's console
    waiting?.(output);
    later("answer");
  },
  end({ status }) {
    const todo = lines.findLast((line) => /^TODO \d+:/.test(line));
    if (status === 3 && todo) return stopped(`The firmware stops at ${todo}.`, "todo", todo);
    stopped(status ? `The firmware stopped with status ${status}.` : "The firmware has ended.", "ended");
  },
  crash({ text }) {
    stopped(`The firmware crashed: ${text}.\nA pointer or an index that leads outside of its array does that.`, "crash");
  },
};

setInterval(() => {
  if (state !== "running" || !shared) return;
  const now = shared.control[AT.beats];
  silent = now === beats && !shared.control[AT.waits] ? silent + 500 : 0;
  beats = now;
  if (silent >= SILENT_MS) stopped("The firmware runs and does nothing else: an endless loop.", "loops");
}, 500);

function light(on) {
  $("board").classList.toggle("on", on);
  $("light").textContent = `the light is ${on ? "on" : "off"}`;
}

// ---- the serial monitor

function print(text) {
  if (!text) return;
  const fresh = text.split("\n");
  lines[lines.length - 1] += fresh[0].replace(/\r/g, "");
  for (const line of fresh.slice(1)) {
    if (muted && / xor /.test(lines.at(-1))) lines.pop();
    lines.push(line.replace(/\r/g, ""));
  }
  if (lines.length > MOST_LINES) lines.splice(0, lines.length - MOST_LINES);
  later("text");
}

function later(what) {
  if (!dirty.size) requestAnimationFrame(draw);
  dirty.add(what);
}

// Where no frame is drawn, as in a hidden window, the page still keeps up.
function draw() {
  const what = dirty;
  dirty = new Set();
  if (what.has("text")) {
    const text = $("text");
    const atEnd = text.scrollTop + text.clientHeight > text.scrollHeight - 30;
    text.textContent = lines.join("\n");
    if (atEnd) text.scrollTop = text.scrollHeight;
  }
  if (what.has("answer") && came.last) drawAnswer(came.last);
  if (what.has("surface")) drawSurface();
}

// ---- the answer

const className = (i) => facts.classes[i] ?? `output ${i}`;

// From 0 to 1: the only output, or the share of the likeliest.
const certainty = (output) => (output.length === 1 ? output[0] : Math.max(...shares(output)));

function drawAnswer({ output, network, said, layers, picture }) {
  const words = said.replace(/result \S+ \(\d+ us\)\s*$/, "").replace(/\s+/g, " ").trim();
  $("said").textContent = words || "(the sketch printed nothing)";
  $("said").classList.toggle("long", words.length > 20);
  if (output.length === 1) {
    const name = facts.classes.length === 2 ? facts.classes[1] : "output";
    bars($("classes"), [[name, output[0], `${(100 * output[0]).toFixed(1)} %`]]);
  } else {
    const parts = shares(output);
    bars($("classes"), likeliest(output, 3).map((i) => [className(i), parts[i], `${(100 * parts[i]).toFixed(1)} %`]));
  }
  history($("history"), answers.map(certainty), MOST_ANSWERS);
  const seconds = (times.at(-1) - times[0]) / 1000;
  const rate = seconds > 0 ? `${((times.length - 1) / seconds).toFixed(0)} answers a second; ` : "";
  $("rate").textContent = `${rate}the network takes ${(network / 1000).toFixed(network < 10000 ? 2 : 1)} ms`;
  const all = layers.reduce((sum, us) => sum + Math.max(0, us), 0);
  const timed = layers.map((us, i) => [facts.layers[i]?.name ?? `layer ${i}`, us]).filter(([, us]) => us >= 0);
  if (all > 0) {
    const most = Math.max(...timed.map(([, us]) => us));
    bars($("layers"), timed.map(([name, us]) => [name, us / most, us < 1000 ? `${us.toFixed(us < 10 ? 1 : 0)} µs` : `${(us / 1000).toFixed(2)} ms`]));
  }
  if (picture) {
    const image = new ImageData(picture.width, picture.height);
    for (let p = 0; p < picture.width * picture.height; p++) {
      image.data.set(picture.pixels.subarray(3 * p, 3 * p + 3), 4 * p);
      image.data[4 * p + 3] = 255;
    }
    [$("seen").width, $("seen").height] = [picture.width, picture.height];
    $("seen").getContext("2d").putImageData(image, 0, 0);
  }
}

// ---- inputs that are numbers

let grid = [], point = [0, 1];
globalThis.answersOfGrid = () => grid; // the same

// Sends an input as a program would, and waits for the answer of the sketch.
async function infer(values) {
  const input = encode(values, facts.inputs[0]);
  number = (number + 1) & 255;
  const answer = new Promise((done) => (waiting = done));
  for (const bytes of writes(number, input, seq++)) send(shared, bytes);
  const output = await Promise.race([answer, new Promise((done) => setTimeout(done, 2000, null))]);
  waiting = null;
  return output;
}

async function ask() {
  const mine = run;
  const mayGoOn = () => mine === run && !lineOpen && state === "running";
  if (!mayGoOn()) return;
  send(shared, frame(HELLO, seq++, [VERSION]));
  if (facts.inputs[0].shape.at(-1) === 2) {
    grid = Array.from({ length: GRID }, () => Array(GRID).fill(null));
    muted = 1;
    for (let i = 0; i < GRID * GRID && mayGoOn(); i++) {
      const [x, y] = [i % GRID, Math.floor(i / GRID)];
      const output = await infer([x / (GRID - 1), y / (GRID - 1)]);
      if (!output) break;
      grid[y][x] = output[0];
      later("surface");
    }
    muted = 0;
  }
  while (mayGoOn()) {
    const now = [...point];
    if (!(await infer(now))) break;
    later("surface");
    while (mayGoOn() && now.every((value, i) => value === point[i])) await new Promise((done) => setTimeout(done, 40));
  }
}

function drawSurface() {
  if (grid.length) surface($("surface"), grid, point);
  const done = grid.flat().filter((value) => value !== null).length;
  $("surface-note").textContent = grid.length
    ? `Each of ${done} points is an answer of your firmware: 0 is pale, 1 is dark. The ring is where the sliders are.`
    : "";
}

function makeSliders() {
  const count = facts.inputs[0].shape.at(-1);
  point = Array.from({ length: count }, (_, i) => i % 2);
  $("surface").hidden = count !== 2;
  for (let i = 0; i < Math.min(count, 16); i++) {
    const label = make("label");
    const slider = make("input", { type: "range", min: 0, max: 1, step: 0.01, value: point[i] });
    const shown = make("output", {}, point[i].toFixed(2));
    slider.oninput = () => {
      point[i] = Number(slider.value);
      shown.textContent = point[i].toFixed(2);
      later("surface");
    };
    label.append(make("span", {}, String.fromCharCode(97 + i)), slider, shown);
    $("sliders").append(label);
  }
}

// ---- the line to this computer

function connect() {
  socket = new WebSocket(new URL("line", location.href).href.replace(/^http/, "ws"));
  socket.binaryType = "arraybuffer";
  socket.onopen = () => told && socket.send(JSON.stringify(told));
  socket.onmessage = ({ data }) => {
    if (typeof data !== "string") return shared && send(shared, new Uint8Array(data));
    const { line, source } = JSON.parse(data);
    const was = lineOpen;
    lineOpen = line && source === "line";
    $("words").disabled = lineOpen;
    setSource();
    lineText = line ? "" : "another page of this board has the serial line";
    showState();
    if (was && !lineOpen && !takesPictures()) ask();
  };
  socket.onclose = () => {
    lineOpen = false;
    lineText = "the program that serves this page has ended";
    showState();
    setSource();
  };
}

// ---- the page

async function load() {
  if (!globalThis.crossOriginIsolated) {
    tell({ state: "crash", text: "not running" });
    return trouble("This page's worker may not share memory with it. Open its address in a tab of its own, in a browser of today.");
  }
  const get = async (name) => {
    const answer = await fetch(name);
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    return answer;
  };
  facts = await (await get("facts.json")).json();
  document.title = `${facts.title} in the browser`;
  $("title").textContent = `${facts.title} on an ESP-EYE in the browser`;
  const step = arena($("arena"), facts);
  $("arena-note").textContent =
    `${facts.arena.bytes.toLocaleString("en")} bytes from left to right, ${facts.steps} steps from top to bottom.`;
  let at = 0;
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
    play = setInterval(() => state === "running" && step(at++ % facts.steps), SLOW_MS);
    $("arena-note").textContent += " The line is one run, slowed down.";
  }
  if (takesPictures()) {
    $("pictures").hidden = false;
    await pictures.load(await (await get("scenes.bin")).arrayBuffer());
    pictures.use("camera");
  } else {
    $("numbers").hidden = false;
    makeSliders();
  }
  module = await WebAssembly.compileStreaming(get("firmware.wasm"));
  connect();
  start();
}

document.querySelectorAll(".reset").forEach((button) => (button.onclick = start));
document.querySelectorAll("[name=source]").forEach((radio) => {
  radio.onchange = () => (radio.value === "files" && !pictures.files.length ? $("files").click() : pictures.use(radio.value));
});
$("choose").onclick = () => $("files").click();
$("files").onchange = () => pictures.add([...$("files").files]);
$("type").onsubmit = (event) => {
  event.preventDefault();
  if (shared && !lineOpen) send(shared, new TextEncoder().encode($("words").value));
  $("words").value = "";
};
document.ondragover = (event) => {
  event.preventDefault();
  document.body.classList.add("over");
};
document.ondragleave = () => document.body.classList.remove("over");
document.ondrop = async (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  if (takesPictures()) pictures.add(await dropped(event.dataTransfer.items));
};
globalThis.onresize = () => {
  later("answer");
  later("surface");
};
load().catch((error) => {
  tell({ state: "crash", text: "not running" });
  trouble(`The page does not start: ${error.message}`);
});

// The page of one network: its C as WebAssembly, and whatever its inputs are. Nothing leaves the computer; all texts of
// the model are set as text. draw.js and frames.js stand before this in one file, so that it opens from a disk, too.
const { facts, wasm } = globalThis.aiedgeModel;
const $ = (id) => document.getElementById(id);
const MOST_ANSWERS = 150, MOST_SLIDERS = 16, MOST_SHOWN = 5;
const PAD = 224; // pixels of a side of the pad to draw on

let machine, changed = true, live = false;
const sources = [], answers = [], times = [];

const isImage = ({ shape }) => shape.length === 4 && shape[0] === 1 && (shape[3] === 1 || shape[3] === 3);
const count = ({ shape }) => shape.reduce((a, b) => a * b, 1);

// ---- the network

async function load() {
  const bytes = Uint8Array.from(atob(wasm), (letter) => letter.charCodeAt(0));
  const module = await WebAssembly.compile(bytes);
  const imports = { wasi_snapshot_preview1: {} };
  for (const { module: from, name } of WebAssembly.Module.imports(module)) imports[from][name] = () => 52;
  const { exports } = await WebAssembly.instantiate(module, imports);
  exports._initialize?.();
  exports.reset();
  return exports;
}

const VIEWS = { int8: Int8Array, uint8: Uint8Array, int16: Int16Array, int32: Int32Array, float32: Float32Array };

// Runs the network once; real numbers in and out, one array for each input and output.
function infer(inputs) {
  const memory = new Uint8Array(machine.memory.buffer);
  const place = machine.place();
  inputs.forEach((values, i) => memory.set(encode(values, facts.inputs[i]), place + facts.places[i]));
  const start = performance.now();
  const status = machine.invoke();
  const time = performance.now() - start;
  if (status) throw new Error(`the network returned ${status}`);
  const outputs = facts.outputs.map((tensor, i) => {
    const at = place + facts.places[facts.inputs.length + i];
    const stored = new VIEWS[tensor.type](machine.memory.buffer, at, count(tensor));
    if (tensor.type === "float32") return Array.from(stored);
    return Array.from(stored, (value) => Math.fround(tensor.scale * (value - tensor.zero_point)));
  });
  return { outputs, time };
}

function step() {
  const inputs = sources.map((source) => source());
  if (inputs.some((values) => values === null)) return;
  const { outputs, time } = infer(inputs);
  globalThis.lastAnswer = { inputs, outputs };
  times.push(time);
  if (times.length > 30) times.shift();
  const output = outputs[0];
  const parts = output.length > 1 ? shares(output) : output;
  const name = (i) => facts.classes[i] ?? (output.length > 1 ? `output ${i}` : "output");
  const order = output.length > 1 ? likeliest(output, MOST_SHOWN) : [0];
  bars($("classes"), order.map((i) => {
    return [output.length === 1 ? facts.classes[1] ?? "output" : name(i), parts[i], output.length > 1 ? `${(100 * parts[i]).toFixed(1)} %` : output[0].toFixed(4)];
  }));
  answers.push(Math.max(...parts));
  if (answers.length > MOST_ANSWERS) answers.shift();
  history($("history"), answers, MOST_ANSWERS);
  const mean = times.reduce((a, b) => a + b, 0) / times.length;
  $("rate").textContent = `The network takes ${mean.toFixed(2)} ms, the mean of ${times.length}, in this browser on this computer.`;
}

function loop() {
  try {
    if (live || changed) {
      changed = false;
      step();
    }
    requestAnimationFrame(loop);
  } catch (error) {
    trouble(`${error.message}`);
  }
}

function trouble(text) {
  $("trouble").hidden = false;
  $("trouble").firstChild.textContent = text;
  $("state").textContent = "not running";
}

// ---- inputs that are pictures

function imageSource(tensor, section) {
  const [, height, width, channels] = tensor.shape;
  const canvas = make("canvas", { width, height, class: "input", role: "img", "aria-label": "what the network sees" });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const video = make("video", { hidden: "", playsinline: "" });
  video.muted = true;
  const note = make("p", { class: "warning", role: "status" });
  const buttons = make("div", { class: "buttons" });
  const button = (text, action) => {
    const made = make("button", { type: "button" }, text);
    made.onclick = action;
    buttons.append(made);
  };
  const file = make("input", { type: "file", accept: "image/*", class: "unseen", tabindex: -1, "aria-hidden": "true" });
  const show = (image, w, h) => {
    const scale = Math.max(width / w, height / h);
    context.drawImage(image, (width - w * scale) / 2, (height - h * scale) / 2, w * scale, h * scale);
    changed = true;
  };
  const stop = () => {
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    video.srcObject = null;
    live = false;
  };
  const take = async (picture) => {
    try {
      const image = await createImageBitmap(picture);
      stop();
      note.textContent = "";
      show(image, image.width, image.height);
    } catch {
      note.textContent = `${picture.name} is no picture that this browser can read`;
    }
  };
  button("Camera", async () => {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: false });
      stop();
      video.srcObject = stream;
      await video.play();
      live = true;
      note.textContent = "";
    } catch (error) {
      note.textContent = error.name === "NotAllowedError" ? "the camera is not allowed" : "there is no camera for this page";
    }
  });
  button("Picture", () => file.click());
  file.onchange = () => file.files[0] && take(file.files[0]);
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
  const pad = drawingPad((drawn) => {
    stop();
    show(drawn, PAD, PAD);
  });
  button("Clear the pad", pad.clear);
  context.fillRect(0, 0, width, height);
  section.append(canvas, video, note, buttons, file, make("p", { class: "note" }, "Or draw here, or drop a picture on the page:"), pad.canvas);
  const [low, high] = facts.pixels;
  return () => {
    if (live && video.videoWidth) show(video, video.videoWidth, video.videoHeight);
    const { data } = context.getImageData(0, 0, width, height);
    const values = new Float32Array(width * height * channels);
    for (let p = 0; p < width * height; p++) {
      const [r, g, b] = data.subarray(4 * p, 4 * p + 3);
      const pixel = channels === 3 ? [r, g, b] : [Math.round(0.299 * r + 0.587 * g + 0.114 * b)];
      pixel.forEach((value, c) => (values[p * channels + c] = low + ((high - low) * value) / 255));
    }
    return values;
  };
}

// White strokes on black, as the digits of MNIST are.
function drawingPad(drawn) {
  const canvas = make("canvas", { width: PAD, height: PAD, class: "pad", role: "img", "aria-label": "a pad to draw on" });
  const context = canvas.getContext("2d");
  let last = null;
  const clear = () => {
    context.fillStyle = "black";
    context.fillRect(0, 0, PAD, PAD);
    drawn(canvas);
  };
  const at = (event) => [(event.offsetX * PAD) / canvas.clientWidth, (event.offsetY * PAD) / canvas.clientHeight];
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
  };
  canvas.onpointermove = (event) => {
    if (!last) return;
    Object.assign(context, { strokeStyle: "white", lineWidth: PAD / 12, lineCap: "round" });
    context.beginPath();
    context.moveTo(...last);
    last = at(event);
    context.lineTo(...last);
    context.stroke();
    drawn(canvas);
  };
  canvas.onpointerup = canvas.onpointercancel = () => (last = null);
  context.fillRect(0, 0, PAD, PAD);
  return { canvas, clear };
}

// ---- inputs that are numbers

function numberSource(tensor, section) {
  const values = Array(count(tensor)).fill(0);
  if (values.length <= MOST_SLIDERS) {
    const ends = { int8: [-128, 127], uint8: [0, 255], int16: [-32768, 32767] }[tensor.type];
    const [low, high] = ends ? ends.map((end) => tensor.scale * (end - tensor.zero_point)) : [-1, 1];
    const list = make("div", { class: "sliders" });
    values.forEach((_, i) => {
      const label = make("label");
      const slider = make("input", { type: "range", min: low, max: high, step: (high - low) / 255, value: 0 });
      const shown = make("output", {}, "0.00");
      slider.oninput = () => {
        values[i] = Number(slider.value);
        shown.textContent = values[i].toFixed(2);
        changed = true;
      };
      label.append(make("span", {}, String(i)), slider, shown);
      list.append(label);
    });
    section.append(list);
    return () => values;
  }
  const id = `numbers-${sources.length}`;
  const text = make("textarea", { id, rows: 6, spellcheck: "false" }, values.slice(0, 20).join(" "));
  const note = make("p", { class: "note" });
  const read = () => {
    const given = text.value.split(/[\s,;]+/).filter(Boolean).map(Number);
    if (given.some(Number.isNaN)) return (note.textContent = "these are not all numbers");
    values.fill(0);
    given.slice(0, values.length).forEach((value, i) => (values[i] = value));
    note.textContent = `${given.length} of ${values.length} numbers; the others are 0`;
    changed = true;
  };
  text.oninput = read;
  section.append(make("label", { for: id }, `${values.length} numbers`), text, note);
  read();
  return () => values;
}

// ---- the page

async function main() {
  document.title = facts.title;
  $("title").textContent = facts.title;
  const show = arena($("arena"), facts);
  $("arena-note").textContent =
    `${facts.arena.bytes.toLocaleString("en")} bytes from left to right, ${facts.steps} steps from top to bottom. The line is one run, slowed down.`;
  let at = 0;
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) setInterval(() => show(at++ % facts.steps), 60);
  if (!facts.inputs.some(isImage)) $("inputs-title").textContent = "What it is asked";
  for (const tensor of facts.inputs) {
    if (facts.inputs.length > 1) $("inputs").append(make("h3", {}, `input ${sources.length}`));
    sources.push((isImage(tensor) ? imageSource : numberSource)(tensor, $("inputs")));
  }
  machine = await load();
  if (facts.states) {
    $("again").hidden = false;
    $("again").onclick = () => {
      machine.reset();
      answers.length = 0;
      changed = true;
    };
  }
  $("state").textContent = "running on this computer";
  globalThis.inferHere = infer; // for a person at the browser's console
  globalThis.onresize = () => (changed = true);
  loop();
}

main().catch((error) => trouble(`The network does not start: ${error.message}`));

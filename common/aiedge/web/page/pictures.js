// Where the board's camera has its pictures from: the laptop's camera, drawn scenes, or pictures of one's own.
import { AT, FRAME, MOST_SIDE, wake } from "./shared.js";

const HEIGHT = 240; // of the ESP-EYE's QVGA; as wide as the camera's picture is
const SCENE_MS = 1500;
const PACE_MS = 33; // between two pictures: no camera gives more

export class Pictures {
  // `say` tells a person what happened, `chosen` which source is in use.
  constructor(canvas, video, { say, chosen }) {
    this.canvas = canvas;
    this.video = video;
    this.say = say;
    this.chosen = chosen;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.scenes = [];
    this.files = [];
    this.source = "scenes";
    this.given = 0;
    this.asked = 0;
  }

  // `data` are the sizes n, height, width as uint16 and the pixels, RGB.
  async load(data) {
    const [count, height, width] = new Uint16Array(data.slice(0, 6));
    const rgb = new Uint8Array(data, 6);
    for (let i = 0; i < count; i++) {
      const image = new ImageData(width, height);
      for (let p = 0; p < width * height; p++) {
        image.data.set(rgb.subarray(3 * (i * width * height + p), 3 * (i * width * height + p) + 3), 4 * p);
        image.data[4 * p + 3] = 255;
      }
      this.scenes.push(await createImageBitmap(image));
    }
  }

  async use(source) {
    const asked = ++this.asked;
    if (source === "camera") {
      let problem = "this browser gives no camera to this page";
      try {
        const wanted = { video: { width: { ideal: 320 }, height: { ideal: HEIGHT } }, audio: false };
        const stream = await navigator.mediaDevices.getUserMedia(wanted);
        if (asked !== this.asked) return stream.getTracks().forEach((track) => track.stop());
        this.#stop();
        for (const track of stream.getVideoTracks()) {
          track.onended = () => this.#lost("the camera is gone");
        }
        this.video.srcObject = stream;
        await this.video.play();
        problem = "";
      } catch (error) {
        if (asked !== this.asked) return;
        if (error.name === "NotAllowedError") problem = "the camera is not allowed";
        if (error.name === "NotFoundError") problem = "there is no camera";
        if (error.name === "NotReadableError") problem = "another program has the camera";
      }
      if (problem) return this.#lost(problem);
    } else {
      this.#stop();
    }
    if (source !== "scenes") this.say("");
    this.source = source;
    this.chosen(source);
  }

  #lost(problem) {
    this.say(`${problem}: drawn scenes instead`);
    this.use("scenes");
  }

  #stop() {
    for (const track of this.video.srcObject?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.video.srcObject = null;
  }

  async add(files) {
    const images = [];
    for (const file of files) {
      try {
        images.push(await createImageBitmap(file));
      } catch {
        this.say(`${file.name} is no picture that this browser can read`);
      }
    }
    if (!images.length) return;
    this.files = images;
    await this.use("files");
  }

  // Puts the next picture into the memory that is shared with the firmware.
  async give({ control, frame }) {
    const due = this.given + PACE_MS;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    this.given = Math.max(due, performance.now() - PACE_MS); // after one that is late the next may follow sooner
    if (this.source === "camera") {
      const { videoWidth: width, videoHeight: height } = this.video;
      if (width) this.#draw(this.video, (width * HEIGHT) / height, HEIGHT);
    } else {
      const images = this.source === "files" ? this.files : this.scenes;
      const image = images[Math.floor(performance.now() / SCENE_MS) % images.length];
      if (image) {
        const scale = Math.min(1, MOST_SIDE / Math.max(image.width, image.height));
        this.#draw(image, image.width * scale, image.height * scale);
      }
    }
    const { width, height } = this.canvas;
    frame.set(this.context.getImageData(0, 0, width, height).data);
    control[AT.width] = width;
    control[AT.height] = height;
    Atomics.store(control, AT.frame, FRAME.ready);
    wake(control);
  }

  #draw(image, width, height) {
    const size = [width, height].map((side) => Math.max(1, Math.min(MOST_SIDE, Math.round(side))));
    if (this.canvas.width !== size[0] || this.canvas.height !== size[1]) [this.canvas.width, this.canvas.height] = size;
    this.context.drawImage(image, 0, 0, ...size);
  }
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// The pictures of what was dropped on the page, folders with all that is in them.
export async function dropped(items) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [];
  const walk = async (entry) => {
    if (entry.isFile) files.push(await new Promise((done, fail) => entry.file(done, fail)));
    if (!entry.isDirectory) return;
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((done, fail) => reader.readEntries(done, fail));
      if (!some.length) return;
      for (const inner of some) await walk(inner);
    }
  };
  for (const entry of entries) await walk(entry);
  return files.filter((file) => file.type.startsWith("image/")).sort((a, b) => a.name.localeCompare(b.name));
}

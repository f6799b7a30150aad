// The machine that the firmware runs on: its imports of "aiedge" (common/firmware/src/web/page.h), and the little of
// WASI that a C library asks for. A worker may wait, which the page's own thread may not.
import { AT, FRAME, LINE_BYTES, MOST_UNREAD, SOURCE } from "./shared.js";

const NO_SUCH_CALL = 52; // WASI's ENOSYS
const BAD_FILE = 8; // WASI's EBADF

class Exit extends Error {
  constructor(status) {
    super(`exit ${status}`);
    this.status = status;
  }
}

function run(module, { control, line, frame }) {
  let memory = null;
  let taken = false;
  const load = (place) => Atomics.load(control, place);
  const bytes = (at, count) => new Uint8Array(memory.buffer, at >>> 0, count >>> 0);
  const floats = (at, count) => Array.from(new Float32Array(memory.buffer, at >>> 0, count >>> 0));
  const view = () => new DataView(memory.buffer);

  // Every call of the firmware's passes here: the page sees that it lives, and a null pointer comes to light.
  function beat() {
    Atomics.add(control, AT.beats, 1);
    const low = new Int32Array(memory.buffer, 0, 4);
    if (low[0] | low[1] | low[2] | low[3]) throw new Error("something was written through a null pointer");
  }

  // Waits until `until()` is not 0, and returns that; 0 after so many milliseconds.
  function wait(until, timeout) {
    const end = performance.now() + timeout;
    Atomics.store(control, AT.waits, 1);
    for (;;) {
      const seen = load(AT.wake);
      const found = until();
      const left = end - performance.now();
      if (found || left <= 0) {
        Atomics.store(control, AT.waits, 0);
        return found || 0;
      }
      Atomics.wait(control, AT.wake, seen, left);
    }
  }

  const waiting = () => (load(AT.head) - load(AT.tail)) | 0;

  function write(data) {
    wait(() => load(AT.unread) < MOST_UNREAD, Infinity);
    Atomics.add(control, AT.unread, data.length);
    postMessage({ kind: "bytes", bytes: data.slice() });
  }

  const aiedge = {
    uart_read(at, count, timeout) {
      beat();
      const ready = Math.min(wait(waiting, timeout), count);
      const tail = load(AT.tail);
      const to = bytes(at, ready);
      for (let i = 0; i < ready; i++) to[i] = line[(tail + i) & (LINE_BYTES - 1)];
      Atomics.store(control, AT.tail, (tail + ready) | 0);
      return ready;
    },
    uart_write(at, count) {
      beat();
      write(bytes(at, count));
    },
    uart_waiting: waiting,
    has_camera: () => Number(load(AT.source) === SOURCE.camera),
    camera_take(width, height, timeout) {
      beat();
      if (taken) Atomics.store(control, AT.frame, FRAME.none);
      taken = false;
      const state = Atomics.compareExchange(control, AT.frame, FRAME.none, FRAME.wanted);
      if (state === FRAME.none) postMessage({ kind: "frame" });
      if (!wait(() => load(AT.frame) === FRAME.ready, timeout)) return 0;
      view().setUint32(width, load(AT.width), true);
      view().setUint32(height, load(AT.height), true);
      taken = true;
      return 1;
    },
    camera_row(row, at) {
      const count = 4 * load(AT.width);
      bytes(at, count).set(frame.subarray(row * count, (row + 1) * count));
    },
    picture(at, width, height) {
      postMessage({ kind: "picture", width, height, pixels: bytes(at, 3 * width * height).slice() });
    },
    led(on) {
      beat();
      postMessage({ kind: "led", on: Boolean(on) });
    },
    result(output, count, time, network, said, saidBytes, layers, layerCount) {
      beat();
      postMessage({
        kind: "result",
        output: floats(output, count),
        time: time >>> 0,
        network: network >>> 0,
        said: new TextDecoder().decode(bytes(said, saidBytes).slice()),
        layers: floats(layers, layerCount),
      });
    },
  };

  const wasi = {
    clock_time_get(clock, precision, at) {
      Atomics.add(control, AT.beats, 1);
      const now = performance.now() + (clock === 0 ? performance.timeOrigin : 0);
      view().setBigUint64(at, BigInt(Math.round(now * 1e6)), true);
      return 0;
    },
    proc_exit(status) {
      throw new Exit(status);
    },
    // What the sketch writes by printf() stands on the serial line, too.
    fd_write(file, places, count, written) {
      if (file !== 1 && file !== 2) return BAD_FILE;
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const size = view().getUint32(places + 8 * i + 4, true);
        if (size) write(bytes(view().getUint32(places + 8 * i, true), size));
        sum += size;
      }
      view().setUint32(written, sum, true);
      return 0;
    },
    random_get(at, count) {
      crypto.getRandomValues(bytes(at, count)); // at most 65,536, of which it throws more
      return 0;
    },
  };

  const imports = { aiedge, wasi_snapshot_preview1: wasi };
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind === "function" && from === "wasi_snapshot_preview1") wasi[name] ??= () => NO_SUCH_CALL;
  }
  const { exports } = new WebAssembly.Instance(module, imports);
  memory = exports.memory;
  postMessage({ kind: "start" });
  try {
    exports._start();
    postMessage({ kind: "end", status: 0 });
  } catch (error) {
    if (error instanceof Exit) postMessage({ kind: "end", status: error.status });
    else postMessage({ kind: "crash", text: String(error.message) });
  }
}

onmessage = ({ data }) => {
  try {
    run(data.module, data.shared);
  } catch (error) {
    postMessage({ kind: "crash", text: String(error.message) });
  }
};

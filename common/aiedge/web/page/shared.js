// The memory that the page and its worker share: numbers at fixed places, the serial line's bytes, a picture.

// Places in `control`. `wake` changes whenever something happened that the firmware may wait for.
export const AT = {
  wake: 0, head: 1, tail: 2, unread: 3, source: 4, frame: 5, width: 6, height: 7, beats: 8, waits: 9,
};
export const SOURCE = { line: 0, camera: 1 };
export const FRAME = { none: 0, wanted: 1, ready: 2 };
export const LINE_BYTES = 65536; // a power of two, and more than the firmware says that it keeps
export const MOST_SIDE = 1024; // pixels of a picture's side
export const MOST_UNREAD = 65536; // bytes that the firmware may be ahead of the page

export function share() {
  return {
    control: new Int32Array(new SharedArrayBuffer(64)),
    line: new Uint8Array(new SharedArrayBuffer(LINE_BYTES)),
    frame: new Uint8Array(new SharedArrayBuffer(4 * MOST_SIDE * MOST_SIDE)),
  };
}

export function wake(control) {
  Atomics.add(control, AT.wake, 1);
  Atomics.notify(control, AT.wake);
}

// Puts bytes on the line to the firmware; what has no room is lost, as on a wire.
export function send({ control, line }, bytes) {
  const head = Atomics.load(control, AT.head);
  const room = LINE_BYTES - ((head - Atomics.load(control, AT.tail)) | 0);
  const count = Math.min(room, bytes.length);
  for (let i = 0; i < count; i++) line[(head + i) & (LINE_BYTES - 1)] = bytes[i];
  Atomics.store(control, AT.head, (head + count) | 0);
  wake(control);
}

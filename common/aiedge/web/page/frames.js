// The serial protocol as far as a page needs it (common/firmware/PROTOCOL.md): to send an input, and to tell text from
// frames.

export const HELLO = 1, WRITE = 2, VERSION = 3;
const UNIT = 16, MAX_UNITS = 4096;

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

export function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

export function cobs(bytes) {
  const out = [];
  let block = [];
  const close = () => {
    out.push(block.length + 1, ...block);
    block = [];
  };
  bytes.forEach((byte, i) => {
    if (byte === 0) close();
    else block.push(byte);
    if (block.length === 254 && i + 1 < bytes.length) close();
    else if (block.length === 254) {
      out.push(255, ...block);
      block = null;
    }
  });
  if (block) close();
  return out;
}

// A frame on the wire.
export function frame(type, seq, payload) {
  const body = [type, seq & 255, seq >> 8, ...payload];
  const crc = crc32(body);
  return Uint8Array.of(0, ...cobs([...body, crc & 255, (crc >>> 8) & 255, (crc >>> 16) & 255, crc >>> 24]), 0);
}

// The frames that carry an input of at most 1008 bytes, which is one, or of more.
export function* writes(number, input, seq) {
  let unit = UNIT;
  while (unit * MAX_UNITS < input.length) unit *= 2;
  const piece = Math.max(unit, Math.floor(1008 / unit) * unit);
  for (let at = 0; at < input.length; at += piece) {
    const index = at / unit;
    yield frame(WRITE, seq++ & 65535, [number, index & 255, index >> 8, ...input.subarray(at, at + piece)]);
  }
}

// Real numbers as the bytes of an input tensor, half away from zero and clamped, as the firmware quantizes.
export function encode(values, { type, scale, zero_point }) {
  if (type === "float32") return new Uint8Array(Float32Array.from(values).buffer);
  const kinds = { int8: Int8Array, uint8: Uint8Array, int16: Int16Array, int32: Int32Array };
  const { [type]: Kind } = kinds;
  const bits = 8 * Kind.BYTES_PER_ELEMENT;
  const low = type === "uint8" ? 0 : -(2 ** (bits - 1));
  const stored = Array.from(values, (value) => {
    const steps = Math.fround(Math.fround(value) / Math.fround(scale));
    const nearest = Math.sign(steps) * Math.floor(Math.abs(steps) + 0.5) + zero_point;
    return Math.min(Math.max(nearest, low), low + 2 ** bits - 1);
  });
  return new Uint8Array(Kind.from(stored).buffer);
}

// Takes the text out of what a board sends: all that lies outside of frames.
export class TextReader {
  #inside = false;
  #filled = 0;
  #decoder = new TextDecoder();

  read(bytes) {
    const text = [];
    for (const byte of bytes) {
      if (byte === 0) {
        this.#inside = !(this.#inside && this.#filled > 0);
        this.#filled = 0;
      } else if (this.#inside) {
        this.#filled++;
      } else {
        text.push(byte);
      }
    }
    return this.#decoder.decode(Uint8Array.from(text), { stream: true });
  }
}

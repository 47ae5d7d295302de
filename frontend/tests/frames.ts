/** Builds frames as the API sends them, for tests. */

type Values = Int32Array | Uint32Array | Float32Array;

const DTYPES = new Map<unknown, string>([
  [Int32Array, 'int32'],
  [Uint32Array, 'uint32'],
  [Float32Array, 'float32'],
]);

export function encodeFrame(arrays: Record<string, Values>, more: Record<string, unknown> = {}): ArrayBuffer {
  let size = 0;
  const listed = Object.entries(arrays).map(([name, values]) => {
    const entry = {name, dtype: DTYPES.get(values.constructor), shape: [values.length], offset: size};
    size += Math.ceil(values.byteLength / 8) * 8;
    return entry;
  });
  const text = new TextEncoder().encode(JSON.stringify({version: 1, run: 'fit', arrays: listed, ...more}));
  const padded = Math.ceil((4 + text.length) / 8) * 8 - 4;
  const bytes = new Uint8Array(4 + padded + size).fill(32, 4, 4 + padded);
  new DataView(bytes.buffer).setUint32(0, padded, true);
  bytes.set(text, 4);
  Object.values(arrays).forEach((values, i) => {
    const offset = 4 + padded + (listed[i]?.offset ?? 0);
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
  });
  return bytes.buffer;
}

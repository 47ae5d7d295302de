/** Decodes a frame, the binary answer of the HTTP API (last section of `http_api.md`). */

export type FrameArray = Int32Array | Uint32Array | Float32Array;

/** Rows are layers; a plain series has one row. */
export interface Frame {
  /** The header's members, `arrays` aside, as they came. */
  header: Record<string, unknown>;
  arrays: ReadonlyMap<string, FrameArray>;
}

interface ArrayEntry {
  name: string;
  dtype: string;
  shape: number[];
  offset: number;
}

const VERSION = 1;
const CONSTRUCTORS = {int32: Int32Array, uint32: Uint32Array, float32: Float32Array};

/**
 * The arrays of a frame, as views into `buffer`.
 *
 * Throws an `Error` with a sentence for the reader where the bytes are not a
 * frame of this version.
 */
export function decodeFrame(buffer: ArrayBuffer): Frame {
  const header = readHeader(buffer);
  if (header.version !== VERSION) {
    throw new Error(`the frame has version ${String(header.version)}; this tab reads version ${VERSION}`);
  }
  if (!Array.isArray(header.arrays)) throw new Error('the frame lists no arrays');
  const start = 4 + new DataView(buffer).getUint32(0, true);
  const arrays = new Map<string, FrameArray>();
  for (const entry of header.arrays as ArrayEntry[]) arrays.set(entry.name, viewOf(buffer, start, entry));
  return {header, arrays};
}

/** The array of that name; empty where the frame lacks it. */
export function floats(frame: Frame, name: string): Float32Array {
  const array = frame.arrays.get(name);
  return array instanceof Float32Array ? array : new Float32Array(0);
}

/** As `floats`, for counts and steps. */
export function integers(frame: Frame, name: string): Int32Array | Uint32Array {
  const array = frame.arrays.get(name);
  return array === undefined || array instanceof Float32Array ? new Int32Array(0) : array;
}

function readHeader(buffer: ArrayBuffer): Record<string, unknown> {
  if (buffer.byteLength < 4) throw new Error(`a frame of ${buffer.byteLength} bytes is cut short`);
  const length = new DataView(buffer).getUint32(0, true);
  if (4 + length > buffer.byteLength) throw new Error('the frame ends inside of its header');
  try {
    const header: unknown = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    if (typeof header === 'object' && header !== null) return header as Record<string, unknown>;
  } catch {
    // Said below, in the reader's words.
  }
  throw new Error("the frame's header is not JSON");
}

function viewOf(buffer: ArrayBuffer, start: number, entry: ArrayEntry): FrameArray {
  if (!Object.hasOwn(CONSTRUCTORS, entry.dtype))
    throw new Error(`array ${entry.name} has dtype ${entry.dtype}`);
  const create = CONSTRUCTORS[entry.dtype as keyof typeof CONSTRUCTORS];
  const length = entry.shape.reduce((product, size) => product * size, 1);
  const offset = start + entry.offset;
  if (offset + 4 * length > buffer.byteLength)
    throw new Error(`the frame ends inside of array ${entry.name}`);
  // A typed array needs an aligned start; the header's padding gives one, but a copy always works.
  if (offset % 4 !== 0) return new create(buffer.slice(offset, offset + 4 * length));
  return new create(buffer, offset, length);
}

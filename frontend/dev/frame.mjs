// Encodes frames and pools series, as `tb_stability/plugin/http_api.md` says.

const DTYPES = new Map([
  [Int32Array, 'int32'],
  [Uint32Array, 'uint32'],
  [Float32Array, 'float32'],
]);

/** `arrays`: [name, typed array, shape] each. */
export function encodeFrame(run, arrays, more = {}) {
  let offset = 0;
  const listed = arrays.map(([name, array, shape]) => {
    const entry = {name, dtype: DTYPES.get(array.constructor), shape, offset};
    offset += Math.ceil(array.byteLength / 8) * 8;
    return entry;
  });
  let header = JSON.stringify({version: 1, run, arrays: listed, ...more});
  const length = Buffer.byteLength(header);
  const padded = Math.ceil((4 + length) / 8) * 8 - 4;
  header += ' '.repeat(padded - length);
  const frame = Buffer.alloc(4 + padded + offset);
  frame.writeUInt32LE(padded, 0);
  frame.write(header, 4);
  arrays.forEach(([, array], i) => {
    Buffer.from(array.buffer, array.byteOffset, array.byteLength).copy(frame, 4 + padded + listed[i].offset);
  });
  return frame;
}

/** Columns of equal numbers of stored rows between `from` and `to`, at most `cols`; a row stands for `rowSteps`. */
export function columnsOf(from, to, cols, rowSteps) {
  const firstRow = Math.floor(from / rowSteps);
  const rows = Math.floor(to / rowSteps) - firstRow + 1;
  const per = Math.ceil(rows / cols);
  const first = Int32Array.from({length: Math.ceil(rows / per)}, (_, i) => (firstRow + i * per) * rowSteps);
  const end = (firstRow + rows) * rowSteps - 1;
  return {first, last: first.map((step) => Math.min(end, step + per * rowSteps - 1))};
}

/** Smallest, largest, mean of the finite values of each column, and how many were NaN or infinite; `valueAt` is undefined where nothing was measured. */
export function pool(valueAt, {first, last}) {
  const pooled = {
    min: new Float32Array(first.length).fill(NaN),
    max: new Float32Array(first.length).fill(NaN),
    mean: new Float32Array(first.length).fill(NaN),
    nan: new Uint32Array(first.length),
    inf: new Uint32Array(first.length),
  };
  first.forEach((start, column) => {
    let sum = 0;
    let count = 0;
    for (let step = start; step <= last[column]; step++) {
      const measured = valueAt(step);
      if (measured === undefined) continue;
      const value = Math.fround(measured);
      if (Number.isNaN(value)) pooled.nan[column]++;
      else if (!Number.isFinite(value)) pooled.inf[column]++;
      else {
        if (!(value >= pooled.min[column])) pooled.min[column] = value;
        if (!(value <= pooled.max[column])) pooled.max[column] = value;
        sum += value;
        count++;
      }
    }
    if (count > 0) pooled.mean[column] = sum / count;
  });
  return pooled;
}

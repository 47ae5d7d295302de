import {expect, test} from 'vitest';
import {decodeFrame, floats, integers} from '../src/lib/frame';
import {encodeFrame} from './frames';

test('arrays come back with their values, NaN included', () => {
  const frame = decodeFrame(
    encodeFrame(
      {first_step: Int32Array.of(0, 5, 9), 'loss/mean': Float32Array.of(1.5, NaN, -2)},
      {layers: ['a']}
    )
  );
  expect([...integers(frame, 'first_step')]).toEqual([0, 5, 9]);
  expect([...floats(frame, 'loss/mean')]).toEqual([1.5, NaN, -2]);
  expect(frame.header.layers).toEqual(['a']);
});

test('an array that is not there is empty', () => {
  const frame = decodeFrame(encodeFrame({first_step: Int32Array.of(1)}));
  expect(floats(frame, 'loss/mean')).toHaveLength(0);
  expect(integers(frame, 'loss/nan')).toHaveLength(0);
});

test('a header whose length is no multiple of eight is read all the same', () => {
  const text = '{"version":1,"arrays":[{"name":"x","dtype":"uint32","shape":[1],"offset":0}]} ';
  const bytes = new Uint8Array(4 + text.length + 4);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(new TextEncoder().encode(text), 4);
  bytes.set([7, 0, 0, 0], 4 + text.length);
  expect(text.length % 4).not.toBe(0);
  expect([...integers(decodeFrame(bytes.buffer), 'x')]).toEqual([7]);
});

test.each([
  ['no bytes', new ArrayBuffer(0), /cut short/],
  ['a header that is cut off', encodeFrame({a: Int32Array.of(1)}).slice(0, 20), /inside of its header/],
  ['an array that is cut off', encodeFrame({a: new Int32Array(100)}).slice(0, -8), /inside of array a/],
  ['a newer version', encodeFrame({}, {version: 2}), /version 2.*version 1/],
  ['no list of arrays', encodeFrame({}, {arrays: null}), /no arrays/],
  [
    'an unknown dtype',
    encodeFrame({}, {arrays: [{name: 'a', dtype: 'constructor', shape: [0], offset: 0}]}),
    /dtype/,
  ],
  ['a page that is not a frame', new TextEncoder().encode('\x04\0\0\0<htm').buffer, /not JSON/],
])('%s is refused with a sentence', (_, bytes, sentence) => {
  expect(() => decodeFrame(bytes)).toThrow(sentence);
});

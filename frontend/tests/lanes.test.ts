import {expect, test} from 'vitest';
import {packBars} from '../src/lib/lanes';

const SIZE = {width: 500, minWidth: 15, maxRows: 8};

function bars(...ends: [number, number][]) {
  return ends.map(([left, right], item) => ({left, right, item}));
}

test('no bar covers another', () => {
  const many = bars(
    ...Array.from({length: 60}, (_, i): [number, number] => [(i * 37) % 480, ((i * 37) % 480) + (i % 9)])
  );
  const {bars: packed} = packBars(many, {...SIZE, maxRows: 100});
  for (const a of packed) {
    for (const b of packed) {
      const apart = a === b || a.row !== b.row || a.right <= b.left || b.right <= a.left;
      expect(apart).toBe(true);
    }
  }
  expect(packed).toHaveLength(60);
});

test('bars one after the other share a row, overlapping ones do not', () => {
  expect(packBars(bars([0, 50], [60, 90]), SIZE).rows).toBe(1);
  expect(packBars(bars([0, 50], [40, 90], [45, 60]), SIZE).rows).toBe(3);
});

test('a short bar is wide enough for its letter and stays inside of the lane', () => {
  const [middle, end] = packBars(bars([100, 101], [499, 500]), SIZE).bars;
  expect(middle).toMatchObject({left: 100, right: 115});
  expect(end).toMatchObject({left: 485, right: 500});
});

test('what has no place is counted', () => {
  const same = bars(...Array.from({length: 12}, (): [number, number] => [10, 90]));
  expect(packBars(same, SIZE)).toMatchObject({rows: 8, hidden: 4});
});

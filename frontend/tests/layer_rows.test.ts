import {expect, test} from 'vitest';
import {changeRank, formatChange, layerChanges, stepsBefore} from '../src/lib/changes';
import {filterOf, layerRows} from '../src/lib/layer_rows';

const NAMES = ['stem/conv', 'block_1/bn', 'block_2/bn', 'head'];
const NONE: ReadonlySet<string> = new Set();

test('a filter is a regular expression without regard to capitals; a broken one is none', () => {
  expect(layerRows(NAMES, filterOf('BN$'), NONE, null).others).toEqual([1, 2]);
  expect(filterOf('bn(')).toBeNull();
  expect(layerRows(NAMES, filterOf('bn('), NONE, null).others).toEqual([0, 1, 2, 3]);
});

test('a pinned layer is on top whether it matches or not, and not twice', () => {
  const rows = layerRows(NAMES, filterOf('bn'), new Set(['head', 'block_2/bn', 'gone']), null);
  expect(rows).toEqual({pinned: [2, 3], others: [1]});
});

test('the largest change comes first; equal ones, also infinite, in network order; unknown ones last', () => {
  const order = (ranks: number[]) => layerRows(NAMES, null, NONE, ranks).others;
  expect(order([1, 5, 3, 4])).toEqual([1, 3, 2, 0]);
  expect(order([2, Infinity, Infinity, 2])).toEqual([1, 2, 0, 3]);
  expect(order([NaN, 0, NaN, 1])).toEqual([3, 1, 0, 2]);
});

/** A layer a row; five steps before and five inside. */
function changesOf(rows: number[][], nonfinite: number[][] = []): number[] {
  const steps = Int32Array.from({length: 10}, (_, i) => i);
  const bad = rows.map((row, i) => nonfinite[i] ?? row.map(() => 0));
  const cells = {
    max: Float32Array.from(rows.flat()),
    nonfinite: Uint32Array.from(bad.flat()),
    layers: rows.length,
    columns: 10,
  };
  return [...layerChanges(cells, {first: steps, last: steps}, {from: 5, to: 9})];
}

test('the change is the ratio of the geometric means, so that rise and fall count the same', () => {
  const [up = 0, down = 0, none = 0] = changesOf([
    [1, 1, 1, 1, 1, 10, 1000, 100, 100, 100],
    [8, 8, 8, 8, 8, 2, 2, 2, 2, 2],
    [3, 3, 3, 3, 3, 3, 3, 3, 3, 3],
  ]);
  expect(up).toBeCloseTo(100, 3);
  expect(down).toBeCloseTo(0.25, 5);
  expect(none).toBeCloseTo(1, 5);
  expect(changeRank(4)).toBeCloseTo(changeRank(0.25));
  expect([up, down, none].map(formatChange)).toEqual(['×100', '÷4', '×1']);
});

test('NaN, zero and what was not measured', () => {
  const n = NaN;
  const changes = changesOf(
    [
      [1, 1, 1, 1, 1, 2, n, n, n, n],
      [1, n, 1, 1, 1, 2, n, n, n, n],
      [1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
      [n, n, n, n, n, 1, 1, 1, 1, 1],
      [1, 1, 1, 1, 1, n, n, n, n, n],
    ],
    [
      [0, 0, 0, 0, 0, 0, 1, 1, 1, 1],
      [0, 1, 0, 0, 0, 0, 1, 1, 1, 1],
    ]
  );
  expect(changes.map((change) => Math.round(change))).toEqual([Infinity, 2, 0, Infinity, NaN, NaN]);
  expect(changes.map(formatChange)).toEqual(['×∞', '×2', '÷∞', '×∞', '', '']);
});

test('a range is compared with as many steps before it, at least twenty, where the run has them', () => {
  const whole = {from: 10, to: 999};
  expect(stepsBefore({from: 500, to: 599}, whole)).toEqual({from: 400, to: 499});
  expect(stepsBefore({from: 500, to: 502}, whole)).toEqual({from: 480, to: 499});
  expect(stepsBefore({from: 15, to: 500}, whole)).toEqual({from: 10, to: 14});
  expect(stepsBefore({from: 10, to: 500}, whole)).toBeNull();
});

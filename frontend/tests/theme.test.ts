import {expect, test} from 'vitest';
import {COLORS, colorTable} from '../src/lib/colormap';
import SHEET from '../src/theme.css?raw';

/** `[red, green, blue]` in linear light, 0 to 1. */
type Rgb = [number, number, number];
type Matrix = [Rgb, Rgb, Rgb];

/**
 * What eyes without one kind of cone see, in linear light.
 *
 * Source: G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A physiologically-based model for simulation
 * of color vision deficiency", 2009, the matrices of severity 1.0.
 */
const EYES: Record<string, Matrix> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};
/** In OKLab, where two colours that are just told apart are about 0.02 from each other. */
const MIN_DISTANCE = 0.05;
const MIN_CONTRAST = 4.5;

const THEMES = {
  light: SHEET.slice(0, SHEET.indexOf(':root.dark')),
  dark: SHEET.slice(SHEET.indexOf(':root.dark')),
};

function linear(hex: string): Rgb {
  const full = hex.length === 3 ? hex.replace(/./g, '$&$&') : hex;
  return [0, 2, 4].map((at) => {
    const c = Number.parseInt(full.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
}

function times(matrix: Matrix, [x, y, z]: Rgb): Rgb {
  return matrix.map(([a, b, c]) => a * x + b * y + c * z) as Rgb;
}

function oklab(color: Rgb): Rgb {
  const clipped = color.map((light) => Math.min(1, Math.max(0, light))) as Rgb;
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    clipped
  ).map(Math.cbrt) as Rgb;
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones
  );
}

function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [a, b]
    .map(([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue)
    .sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function colors(sheet: string, prefix: string): [string, Rgb][] {
  const found = sheet.matchAll(new RegExp(`--(${prefix}[\\w-]*): #([0-9a-f]{3,6});`, 'g'));
  return [...found].map(([, name, hex]) => [name ?? '', linear(hex ?? '')]);
}

test.each(Object.entries(THEMES))(
  'in the %s theme any two symptoms are told apart by all eyes',
  (_, sheet) => {
    const kinds = colors(sheet, 'kind-');
    expect(kinds).toHaveLength(15);
    const near = kinds.flatMap(([a, first], index) =>
      kinds.slice(index + 1).flatMap(([b, second]) =>
        Object.entries(EYES).flatMap(([eyes, matrix]) => {
          const [x, y] = [oklab(times(matrix, first)), oklab(times(matrix, second))];
          const distance = Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
          return distance < MIN_DISTANCE ? [`${a} and ${b}: ${distance.toFixed(3)} (${eyes})`] : [];
        })
      )
    );
    expect(near).toEqual([]);
  }
);

test.each(Object.entries(THEMES))(
  'in the %s theme letters are read on the colour of their symptom',
  (_, sheet) => {
    const grounds = [...colors(sheet, 'on-color'), ...colors(sheet, 'raised')];
    expect(grounds).toHaveLength(2);
    for (const [name, color] of colors(sheet, 'kind-'))
      for (const [ground, other] of grounds)
        expect(contrast(color, other), `${name} on ${ground}`).toBeGreaterThanOrEqual(MIN_CONTRAST);
  }
);

test.each(Object.entries(THEMES))(
  'in the %s theme what is not finite looks like no value, to all eyes',
  (_, sheet) => {
    const [loud] = colors(sheet, 'nonfinite').map(([, color]) => color);
    if (!loud) throw new Error('no colour');
    const table = colorTable();
    const distances = Object.values(EYES).flatMap((matrix) => {
      const x = oklab(times(matrix, loud));
      return Array.from({length: COLORS}, (_, index) => {
        const hex = [...table.subarray(4 * index, 4 * index + 3)].map((byte) =>
          byte.toString(16).padStart(2, '0')
        );
        const y = oklab(times(matrix, linear(hex.join(''))));
        return Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
      });
    });
    expect(Math.min(...distances)).toBeGreaterThan(3 * MIN_DISTANCE);
  }
);

/** Colours of the style sheet, for canvases. */

const known = new Map<string, string>();

/** The value of a CSS variable, such as `--text`, in the theme that is shown. */
export function themeColor(variable: string): string {
  // Kept, since asking makes the browser lay out the page, and charts ask often.
  const kept = known.get(variable);
  if (kept !== undefined) return kept;
  const color = getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
  known.set(variable, color);
  return color;
}

/** Shows the dark or the light theme. */
export function setTheme(dark: boolean): void {
  document.documentElement.classList.toggle('dark', dark);
  known.clear();
}

/** Colour and dash of the n-th line of a chart; the dash tells lines apart without colour. */
export function lineStyle(index: number): {variable: string; dash: number[]} {
  return {
    variable: `--line-${(index % LINE_COLORS) + 1}`,
    dash: DASHES[Math.floor(index) % DASHES.length] ?? [],
  };
}

const LINE_COLORS = 6;
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 4], [1, 5]];

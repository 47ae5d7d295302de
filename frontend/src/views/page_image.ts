/** A picture of the verdict and of all plots, as they are on the screen. */

/** Sharp enough for a slide, also from a screen with one pixel per point. */
const MIN_RATIO = 2;
const MARGIN = 16;
/** Browsers draw no larger canvas; a page of so many pixels is drawn less sharp. */
const MAX_SIDE = 16_000;

/**
 * The page is cloned into an SVG with its style sheet, which a browser can draw
 * onto a canvas; its own canvases, which a clone does not have, are drawn on top.
 */
export async function pageImage(page: HTMLElement): Promise<Blob> {
  const box = page.getBoundingClientRect();
  const width = Math.ceil(box.width) + 2 * MARGIN;
  const height = Math.ceil(box.height) + 2 * MARGIN;
  const ratio = Math.min(Math.max(MIN_RATIO, window.devicePixelRatio), MAX_SIDE / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser gives no canvas of that size.');
  context.scale(ratio, ratio);
  context.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
  context.fillRect(0, 0, width, height);
  context.translate(MARGIN, MARGIN);
  context.drawImage(await drawable(page, box), 0, 0);
  // The heatmap's canvas has a pixel a row.
  context.imageSmoothingEnabled = false;
  for (const own of page.querySelectorAll('canvas')) {
    const place = own.getBoundingClientRect();
    if (place.width > 0)
      context.drawImage(own, place.left - box.left, place.top - box.top, place.width, place.height);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error('This browser cannot save a picture of this page.'));
    }, 'image/png');
  });
}

async function drawable(page: HTMLElement, {width, height}: DOMRect): Promise<HTMLImageElement> {
  const root = document.createElement('div');
  const {font, color} = getComputedStyle(document.body);
  Object.assign(root.style, {font, color});
  const style = document.createElement('style');
  style.textContent = [...document.querySelectorAll('style')].map(({textContent}) => textContent).join('\n');
  const body = page.cloneNode(true) as HTMLElement;
  keepChoices(page, body);
  for (const menu of body.querySelectorAll('.popover')) menu.removeAttribute('open');
  for (const canvas of body.querySelectorAll('canvas')) {
    // Keeps its place.
    const place = document.createElement('div');
    place.className = canvas.className;
    place.style.cssText = canvas.style.cssText;
    canvas.replaceWith(place);
  }
  root.append(style, body);
  const content = new XMLSerializer().serializeToString(root);
  const theme = document.documentElement.className;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" class="${theme}" width="${width}" height="${height}"><foreignObject width="100%" height="100%">${content}</foreignObject></svg>`;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  return image;
}

/** A clone has the choices of the markup, not those of the reader. */
function keepChoices(page: HTMLElement, clone: HTMLElement): void {
  const own = page.querySelectorAll('input, select');
  clone.querySelectorAll('input, select').forEach((field, i) => {
    const from = own[i];
    if (field instanceof HTMLSelectElement && from instanceof HTMLSelectElement)
      field.options[from.selectedIndex]?.setAttribute('selected', '');
    else if (from instanceof HTMLInputElement) {
      field.setAttribute('value', from.value);
      field.toggleAttribute('checked', from.checked);
    }
  });
}

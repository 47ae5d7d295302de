/** Puts texts into the clipboard and files into the reader's downloads. */

/** Whether it worked: without a secure context there is no clipboard, and then an old way is tried. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'off-screen';
  document.body.append(field);
  field.select();
  try {
    // Deprecated, and the only way for a TensorBoard at http://host:6006.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}

/** Long enough for the browser to begin the download. */
const REVOKE_MS = 30_000;

export function download(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, REVOKE_MS);
}

/** A file name out of a run's name: `exp1/fit` becomes `exp1_fit`. */
export function fileName(...parts: string[]): string {
  return parts.join('_').replaceAll(/[^\p{L}\p{N}.-]+/gu, '_');
}

/** The keyboard map: which command a key press gives. */

export type Command = 'next' | 'previous' | 'fit' | 'back' | 'compare' | 'link' | 'help';

/** For the help dialog, in its order. */
export const KEYS: {keys: string[]; command: Command; text: string}[] = [
  {keys: ['.', 'j'], command: 'next', text: 'Next window'},
  {keys: [',', 'k'], command: 'previous', text: 'Previous window'},
  {keys: ['f'], command: 'fit', text: 'Fit the view to the selected window'},
  {keys: ['Escape'], command: 'back', text: 'Back: to the whole run, to no window, to no comparison'},
  {keys: ['c'], command: 'compare', text: 'Choose runs to compare'},
  {keys: ['l'], command: 'link', text: 'Copy a link to what is shown'},
  {keys: ['?'], command: 'help', text: 'Show this help'},
];

/** A check box takes no letters, and a reader who ticks one goes on from there. */
const TYPED = 'input:not([type=checkbox]), select, textarea, dialog, [contenteditable]';

/** Null where the key means nothing here, is typed into a field, or belongs to the browser. */
export function commandOf(event: KeyboardEvent): Command | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return null;
  const target = event.target;
  if (target instanceof Element && target.closest(TYPED)) return null;
  return KEYS.find(({keys}) => keys.includes(event.key))?.command ?? null;
}

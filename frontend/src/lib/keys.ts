/** The keyboard map: which command a key press gives. */

export type Command = 'next' | 'previous' | 'fit' | 'whole' | 'help';

/** For the help dialog, in its order. */
export const KEYS: {keys: string[]; command: Command; text: string}[] = [
  {keys: ['.', 'j'], command: 'next', text: 'Next window'},
  {keys: [',', 'k'], command: 'previous', text: 'Previous window'},
  {keys: ['f'], command: 'fit', text: 'Fit the view to the selected window'},
  {keys: ['Escape'], command: 'whole', text: 'Show the whole run'},
  {keys: ['?'], command: 'help', text: 'Show this help'},
];

/** Null where the key means nothing here, is typed into a field, or belongs to the browser. */
export function commandOf(event: KeyboardEvent): Command | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return null;
  const target = event.target;
  if (target instanceof Element && target.closest('input, select, textarea, dialog, [contenteditable]'))
    return null;
  return KEYS.find(({keys}) => keys.includes(event.key))?.command ?? null;
}

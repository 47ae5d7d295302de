/** A style sheet is bundled as its text and put into the page by `index.tsx`. */
declare module '*.css' {
  const text: string;
  export default text;
}

/** The same in tests, where style sheets are left out otherwise. */
declare module '*.css?raw' {
  const text: string;
  export default text;
}

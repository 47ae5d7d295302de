import tseslint from 'typescript-eslint';

export default tseslint.config(
  {ignores: ['node_modules/']},
  {
    files: ['src/**/*.{ts,tsx}', 'tests/**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {parserOptions: {projectService: true}},
    rules: {
      // Run and layer names come from logs of others: text only, never markup.
      'no-restricted-properties': ['error', {property: 'innerHTML'}, {property: 'outerHTML'}],
      'no-restricted-syntax': ['error', "JSXAttribute[name.name='dangerouslySetInnerHTML']"],
      '@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true}],
      eqeqeq: 'error',
    },
  },
  {
    files: ['*.js', '*.mjs', 'dev/**/*.{js,mjs}'],
    extends: [tseslint.configs.recommended],
  }
);

import {defineConfig} from 'vitest/config';

export default defineConfig({
  oxc: {jsx: {runtime: 'automatic', importSource: 'preact'}},
  test: {
    environment: 'happy-dom',
    css: true,
    include: ['tests/**/*.test.{ts,tsx}'],
    // A busy machine takes its time: looking for violations of accessibility is a second of work.
    testTimeout: 30_000,
  },
});

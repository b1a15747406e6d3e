import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Engine tests own threads of their own; a process per test file keeps native sessions apart.
    pool: 'forks',
    reporters: ['default', './tests/plain-summary.ts'],
  },
});

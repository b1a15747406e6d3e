import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Engine tests own threads of their own; a process per test file keeps native sessions apart.
    pool: 'forks',
    // Vitest leaves a core free, which on two cores is half of them.
    maxWorkers: availableParallelism(),
    reporters: ['default', './tests/plain-summary.ts'],
  },
});

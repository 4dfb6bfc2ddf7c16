// Unit tests (fast, one part at a time) and numeric tests (values against references) run together; both are plain
// Node. Every file gets its own process state, because engines keep native sessions.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/{unit,numeric}/**/*.test.ts'],
    environment: 'node',
    pool: 'forks', // native addons are not all safe in worker threads
    maxWorkers: 2,
    testTimeout: 30_000,
    restoreMocks: true,
    unstubEnvs: true,
    reporters: ['default'],
  },
});

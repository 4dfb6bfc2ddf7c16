// Unit tests (fast, one part at a time), numeric tests (values against references) and tests of the command line (real
// processes) run together; all are plain Node. Every file gets its own process state, because engines keep native sessions.
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [vue()], // components under test
  test: {
    include: ['tests/{unit,numeric,cli,contract}/**/*.test.ts'],
    environment: 'node',
    pool: 'forks', // native addons are not all safe in worker threads
    maxWorkers: 2,
    // Only what hangs takes so long: a machine that is busy elsewhere fails no test.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 20 } },
    restoreMocks: true,
    unstubEnvs: true,
    reporters: ['default'],
  },
});

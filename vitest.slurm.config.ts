// Studies on a real Slurm of two nodes, which is started for them: see scripts/slurm.ts. They say why they are skipped where there
// can be none, and succeed then.
import { defineConfig } from 'vitest/config';
import { testPlaces } from './scripts/test-places.ts';

export default defineConfig({
  test: {
    include: ['tests/slurm/**/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 400_000,
    expect: { poll: { timeout: 60_000, interval: 50 } },
    env: testPlaces,
    globalSetup: ['tests/places.ts'],
    reporters: ['default'],
  },
});

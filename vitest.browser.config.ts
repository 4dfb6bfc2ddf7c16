// Tests in a real browser, one after the other: each of them starts a server, trainers and Chromium, which is all that a small
// machine can do. They wait for what should be seen and measure no time.
import { defineConfig } from 'vitest/config';
import { testPlaces } from './scripts/test-places.ts';

export default defineConfig({
  test: {
    include: ['tests/e2e/**/*.test.ts'],
    globalSetup: ['tests/places.ts', 'tests/e2e/global-setup.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 300_000,
    restoreMocks: true,
    unstubEnvs: true,
    env: testPlaces,
    reporters: ['default'],
  },
});

// Everything that computes, on a graphics card through WebGPU: the one that PRETEXT_TEST_GPU=real stands for, or one in software, which
// is slow and exact. They say why they are skipped where there can be none, and succeed then.
import { defineConfig } from 'vitest/config';
import { findSoftwareGraphics } from './scripts/graphics.ts';

const graphics = process.env.PRETEXT_TEST_GPU === 'real' ? { environment: {} } : findSoftwareGraphics();
const isThere = 'environment' in graphics;
// Tests run in processes that are started after this.
if (isThere) Object.assign(process.env, graphics.environment, { PRETEXT_TEST_DEVICE: 'webgpu' });
else process.stdout.write(`Skipped: ${graphics.missing}.\n`);

export default defineConfig({
  test: {
    include: isThere ? ['tests/gpu/**/*.test.ts', 'tests/numeric/{ops,engines}.test.ts'] : [],
    passWithNoTests: !isThere,
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 400_000,
    setupFiles: ['tests/registries.ts'],
    reporters: ['default'],
  },
});

// Everything that computes, on a graphics card through WebGPU: the one that PRETEXT_TEST_GPU=real stands for, or one in software, which
// is slow and exact. They say why they are skipped where there can be none, and succeed then.
import { execFileSync } from 'node:child_process';
import { defineConfig } from 'vitest/config';
import { findSoftwareGraphics } from './scripts/graphics.ts';

const graphics = process.env.PRETEXT_TEST_GPU === 'real' ? { environment: {} } : findSoftwareGraphics();
const missing = 'missing' in graphics ? graphics.missing : whyNot(graphics.environment);
// Tests run in processes that are started after this.
if (missing === undefined && 'environment' in graphics) {
  Object.assign(process.env, graphics.environment, { PRETEXT_TEST_DEVICE: 'webgpu' });
} else {
  process.stdout.write(`Skipped: ${missing ?? ''}.\n`);
}

/** Why nothing is computed through WebGPU with these variables; undefined where it is. */
function whyNot(environment: Readonly<Record<string, string>>): string | undefined {
  try {
    const script = new URL('./scripts/probe-graphics.ts', import.meta.url).pathname;
    const said = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
      env: { ...process.env, ...environment },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { available, reason } = JSON.parse(said) as { available: boolean; reason?: string }; // our own script's
    return available ? undefined : (reason ?? 'WebGPU does not work here');
  } catch (error) {
    return `WebGPU does not start here (${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)})`;
  }
}

export default defineConfig({
  test: {
    include: missing === undefined ? ['tests/gpu/**/*.test.ts', 'tests/numeric/{ops,engines}.test.ts'] : [],
    passWithNoTests: missing !== undefined,
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 400_000,
    setupFiles: ['tests/registries.ts'],
    reporters: ['default'],
  },
});

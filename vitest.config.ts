/**
 * Unit tests (fast, one part at a time), numeric tests (values against references) and tests of the command line (real processes) run
 * together; all are plain Node. Most files share their process with others, which spares each of them the second that it takes to
 * start one and to load the lab. Those that change what is everyone's in a process have one of their own.
 */
import { globSync, readFileSync } from 'node:fs';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';
import { testPlaces } from './scripts/test-places.ts';

/** Modules that are replaced, a document, the environment, the folder or the registries of the process. */
const ofTheProcess =
  /\bvi\.(?:mock|doMock|resetModules)\(|@vitest-environment|\bprocess\.(?:chdir\(|env\.\w+ =|on\()|\bdefine(?:Block|Format|Op|Preset|Task)\(|\bsetProcessThreads\(/;
const own = globSync('tests/{unit,numeric}/**/*.test.ts', { cwd: import.meta.dirname }).filter((file) =>
  ofTheProcess.test(readFileSync(`${import.meta.dirname}/${file}`, 'utf8')),
);

export default defineConfig({
  plugins: [vue()], // components under test
  test: {
    environment: 'node',
    pool: 'forks', // native addons are not all safe in worker threads
    maxWorkers: 2,
    // Only what hangs takes so long: a machine that is busy elsewhere fails no test.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 20 } },
    restoreMocks: true,
    unstubEnvs: true,
    env: testPlaces,
    globalSetup: ['tests/places.ts'],
    reporters: ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['tests/{unit,numeric}/**/*.test.ts'],
          exclude: own,
          isolate: false,
          setupFiles: ['tests/registries.ts'],
        },
      },
      { extends: true, test: { name: 'alone', include: ['tests/{cli,contract}/**/*.test.ts', ...own] } },
    ],
  },
});

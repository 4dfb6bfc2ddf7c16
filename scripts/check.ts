/**
 * `npm test`: everything that must hold before a change is kept, in one command. Each stage is a script of package.json,
 * so that it can be run by itself; here they run two at a time, each with about one core, and the tests that share processes at the end
 * with two. The tests in a browser need Chromium, which is installed where that is possible (scripts/chromium.ts).
 * A stage that fails shows its output; the last line is `N passed, N failed`, where a stage counts as one check and the
 * tests count as themselves.
 *
 *   node scripts/check.ts                every stage
 *   node scripts/check.ts lint layers    these only
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  readonly output: string;
  /** The tests that failed, each with the first line of why. */
  readonly failures?: readonly string[];
}

const staticStages = ['lint', 'typecheck', 'build', 'format:check', 'unused', 'layers'];
const testStages = ['test:browser', 'test:slurm', 'test:alone', 'test:shared', 'test:gpu'];
/** The longest first, and what waits a lot beside what computes: two run at a time. The other tests run alone, on both cores. */
const sideBySide = ['test:browser', 'test:slurm', ...staticStages, 'test:alone'];
/** Of those of them that would take both cores. */
const oneAtATime = '--maxWorkers=1';
/** Run where they are asked for, as the build server does. */
const optionalStages = process.env.PRETEXT_SLURM === '1' ? [] : ['test:slurm'];

const root = path.resolve(import.meta.dirname, '..');
const scripts = readScripts();

function readScripts(): Readonly<Record<string, string>> {
  // our own manifest
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  return manifest.scripts;
}

/** Runs a script of package.json the way npm does: in a shell, with the project's own programs (and Node) found first. */
async function runScript(name: string, extraArguments = ''): Promise<{ exitCode: number; output: string }> {
  const command = `${scripts[name] ?? ''} ${extraArguments}`;
  const binaries = path.join(root, 'node_modules', '.bin');
  const child = spawn(command, {
    cwd: root,
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${binaries}${path.delimiter}${process.env.PATH ?? ''}` },
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ exitCode: code ?? 1, output });
    });
  });
}

async function runStaticStage(name: string): Promise<Outcome> {
  const start = performance.now();
  const { exitCode, output } = await runScript(name);
  const good = exitCode === 0;
  return { name, passed: good ? 1 : 0, failed: good ? 0 : 1, seconds: (performance.now() - start) / 1000, output };
}

async function runTests(name: string): Promise<Outcome> {
  const start = performance.now();
  const folder = mkdtempSync(path.join(tmpdir(), 'pretext-check-'));
  const report = path.join(folder, 'tests.json');
  try {
    const { exitCode, output } = await runScript(
      name,
      `${sideBySide.includes(name) ? oneAtATime : ''} --reporter=default --reporter=json --outputFile.json="${report}"`,
    );
    const counts = countTests(report);
    // A file that cannot be loaded, an error outside any test, no tests at all: a failure without a failed test.
    const failed = exitCode === 0 ? counts.failed : Math.max(1, counts.failed);
    const seconds = (performance.now() - start) / 1000;
    return { name, passed: counts.passed, failed, seconds, output, failures: counts.failures };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

function countTests(report: string): { passed: number; failed: number; failures: readonly string[] } {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8')) as TestReport; // written by Vitest's JSON reporter
    const brokenFiles = testResults.filter(
      (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
    );
    const failures = testResults.flatMap((file) =>
      file.assertionResults
        .filter(({ status }) => status === 'failed')
        .map((test) => describeFailure(file.name, test.fullName, test.failureMessages?.[0])),
    );
    const broken = brokenFiles.map(({ name, message }) => describeFailure(name, '', message));
    return { passed: numPassedTests, failed: numFailedTests + brokenFiles.length, failures: [...failures, ...broken] };
  } catch {
    return { passed: 0, failed: 1, failures: [] };
  }
}

function describeFailure(file: string, test: string, message = ''): string {
  const [reason = ''] = message.split('\n');
  return `${path.relative(root, file)} ${test}: ${reason.slice(0, 500)}`;
}

function report(outcome: Outcome): Outcome {
  const good = outcome.failed === 0;
  const isTests = testStages.includes(outcome.name);
  const counts = isTests ? ` (${outcome.passed} passed, ${outcome.failed} failed)` : '';
  if (!good) console.log(`\n${outcome.output.trimEnd()}\n`);
  console.log(
    `${good ? 'ok    ' : 'FAILED'} ${outcome.name.padEnd(13)} ${outcome.seconds.toFixed(1).padStart(6)} s${counts}`,
  );
  const [skipped] = /^Skipped: .*$/m.exec(outcome.output) ?? [];
  if (skipped !== undefined) console.log(`       ${skipped}`);
  // Once more and briefly, where a log is cut off above.
  for (const failure of outcome.failures ?? []) console.log(`       ${failure}`);
  return outcome;
}

/** Runs the stages, at most `workers` at a time, in the order given. */
async function runConcurrently(names: readonly string[], workers: number): Promise<Outcome[]> {
  const waiting = [...names];
  const outcomes: Outcome[] = [];
  const worker = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      outcomes.push(report(await (testStages.includes(name) ? runTests(name) : runStaticStage(name))));
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return outcomes;
}

async function main(requested: readonly string[]): Promise<void> {
  const known = [...staticStages, ...testStages];
  const unknown = requested.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    console.error(`unknown stage '${unknown}'; the stages are ${known.join(', ')}`);
    process.exitCode = 2;
    return;
  }
  const wanted = requested.length === 0 ? known.filter((name) => !optionalStages.includes(name)) : requested;
  const outcomes = await runConcurrently(
    sideBySide.filter((name) => wanted.includes(name)),
    2,
  );
  for (const name of testStages) {
    if (wanted.includes(name) && !sideBySide.includes(name)) outcomes.push(report(await runTests(name)));
  }

  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main(process.argv.slice(2));

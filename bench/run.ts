/**
 * `npm run bench -- <name>`: measures, and compares with PyTorch where there is something to compare. Results go to
 * stdout (with --json as one object), what is happening to stderr. Exit codes: 1 when the sides compute different things
 * or something fails, 2 for a wrong command line.
 */
import { parseArgs } from 'node:util';
import { isLabError, messageOf } from '../src/shared/errors.ts';
import { physicalCores } from '../src/main/engines/host/processor.ts';
import type { BenchReport, Measurement, Rival } from './lib/bench.ts';
import { benchNames, loadBench, rivals } from './lib/bench.ts';
import { stepsTable } from './lib/steps-table.ts';

const usage = `npm run bench -- <name> [--json] [--steps n] [--threads n] [--torch version]

  --json            one JSON object on stdout
  --steps n         timed steps of each side (20)
  --threads n       threads of each side (physical cores)
  --minutes list    budgets of pretraining, such as 2,10; of few-labels, as are the next three
  --only list       measure these sets alone
  --seeds n         draws of labels and weights (5)
  --workspace path  where data and runs are kept
  --torch version   compare only with this PyTorch, e.g. 1.13; by default with every one that is found
  --against list    compare single steps with ${rivals.join(', ')} (torch)

'all' in the place of a name measures every bench of single steps, and prints one table; 'run' is short for whole-runs.`;

interface Arguments {
  /** Without one, the benches are listed. */
  readonly name: string | undefined;
  readonly json: boolean;
  readonly steps: number;
  readonly threads: number;
  readonly torch: string;
  readonly against: readonly Rival[];
  readonly stepBudget: number | undefined;
  readonly minutes: readonly number[] | undefined;
  readonly only: readonly string[] | undefined;
  readonly seeds: number | undefined;
  readonly workspace: string | undefined;
}

/** Throws a TypeError with a message for people, as `parseArgs` does. */
function parseCommandLine(words: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      steps: { type: 'string' },
      minutes: { type: 'string' },
      only: { type: 'string' },
      seeds: { type: 'string' },
      workspace: { type: 'string' },
      threads: { type: 'string', default: String(physicalCores()) },
      torch: { type: 'string', default: '' },
      against: { type: 'string', default: 'torch' },
      help: { type: 'boolean', default: false },
    },
  });
  if (positionals.length > 1) throw new TypeError(`one bench at a time, not ${positionals.join(' and ')}`);
  return {
    name: values.help ? undefined : positionals[0],
    json: values.json,
    steps: positiveInteger('steps', values.steps ?? '20'),
    stepBudget: values.steps === undefined ? undefined : positiveInteger('steps', values.steps),
    minutes: values.minutes === undefined ? undefined : values.minutes.split(',').map(positiveNumber),
    only: values.only?.split(','),
    seeds: values.seeds === undefined ? undefined : positiveInteger('seeds', values.seeds),
    workspace: values.workspace,
    threads: positiveInteger('threads', values.threads),
    torch: values.torch,
    against: values.against.split(',').map(rivalOf),
  };
}

function positiveInteger(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new TypeError(`--${option} is a number from 1 on, not '${text}'`);
  return value;
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new TypeError(`--minutes are numbers above 0 with commas between them, not '${text}'`);
  return value;
}

function rivalOf(name: string): Rival {
  const rival = rivals.find((one) => one === name);
  if (rival === undefined) throw new TypeError(`--against is a list of ${rivals.join(', ')}, not '${name}'`);
  return rival;
}

async function listBenches(): Promise<void> {
  console.log(`${usage}\n\nBenches:`);
  for (const name of await benchNames()) console.log(`  ${name.padEnd(22)} ${(await loadBench(name)).summary}`);
}

function isMeasurement(value: unknown): value is Measurement {
  return typeof value === 'object' && value !== null && 'milliseconds' in value;
}

/** One line for every measurement, with the other numbers below it; `others` are further reports of the same kind. */
function printReport(report: Readonly<Record<string, unknown>>): void {
  const { others, size, ours, ...rest } = report;
  const line = (label: string, value: unknown): void => console.log(`  ${label.padEnd(16)} ${showValue(value)}`);
  if (isMeasurement(ours)) line('ours', ours);
  for (const [key, value] of Object.entries(rest)) if (isMeasurement(value)) line(key, value);
  for (const [key, value] of Object.entries(rest)) if (!isMeasurement(value)) line(key, value);
  if (size !== undefined) line('size', size);
  if (!Array.isArray(others)) return;
  for (const other of others as readonly Readonly<Record<string, unknown>>[]) printReport(other);
}

function showValue(value: unknown): string {
  if (typeof value === 'number') return Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(1) : String(value);
  if (Array.isArray(value)) return value.map(showValue).join(' to ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, item]) => `${key} ${showValue(item)}`)
    .join(', ');
}

/** One after the other, so that each has the machine to itself; a bench that fails does not keep the others from being measured. */
async function measureEvery(options: Arguments): Promise<number> {
  const reports: BenchReport[] = [];
  let failed = 0;
  for (const name of await benchNames()) {
    const bench = await loadBench(name);
    if (!('workload' in bench)) continue;
    const progress = (line: string): void => console.error(`${name}: ${line}`);
    try {
      reports.push(await bench.run(name, { ...options, progress }));
    } catch (error) {
      if (!isLabError(error)) throw error;
      progress(error.message);
      failed += 1;
    }
  }
  console.log(options.json ? JSON.stringify(reports) : stepsTable(reports));
  return failed === 0 ? 0 : 1;
}

async function main(words: readonly string[]): Promise<number> {
  let options: Arguments;
  try {
    options = parseCommandLine(words);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${usage}`);
    return 2;
  }
  if (options.name === undefined) {
    await listBenches();
    return 0;
  }
  try {
    if (options.name === 'all') {
      return await measureEvery(options);
    }
    const name = options.name === 'run' ? 'whole-runs' : options.name;
    const bench = await loadBench(name);
    const progress = (line: string): void => console.error(`${name}: ${line}`);
    const report = await bench.run(name, { ...options, progress });
    if (options.json) console.log(JSON.stringify(report));
    else printReport(report);
    return 0;
  } catch (error) {
    if (!isLabError(error)) throw error;
    console.error(error.message);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));

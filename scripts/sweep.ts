/**
 * `npm run sweep -- <name>`: trains the candidates of resources/recipes/<name>.yaml with each budget, compares their validation
 * losses, and writes a table to docs/sweeps/<name>.md. Recipes (src/main/runs/recipes.ts) are made of what wins. A sweep that
 * is stopped goes on where it was; what is finished is not trained again.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { brownTexts } from '../src/main/data/samples/brown.ts';
import { spamAssassinMails } from '../src/main/data/samples/spam-assassin.ts';
import { physicalCores } from '../src/main/engines/host/processor.ts';
import { readSpecFile } from '../src/main/runs/spec-file.ts';
import { openWorkspace } from '../src/main/workspace/workspace.ts';
import { isLabError, messageOf } from '../src/shared/errors.ts';
import { runCommandLine } from '../src/main/hosts/cli/index.ts';
import { createDemoWorkspace } from '../src/main/hosts/cli/demos/commands.ts';
import { runCells } from './sweep/run-cells.ts';
import type { Budget } from './sweep/sweep-spec.ts';
import { parseSweep } from './sweep/sweep-spec.ts';
import { inOrder, sweepTable } from './sweep/table.ts';

const usage = `npm run sweep -- <name> [options]

<name>                 a sweep of resources/recipes: masked-words, next-word
--minutes 1,4,15       budgets in minutes of training steps; a short trial finds out how many steps that is
--seconds 90           the same in seconds
--steps 400,1600       budgets in steps
--only recipe,muon     these candidates alone
--keep 8,3             so many candidates go on to the second budget, the third …: the best, and always the first (default: all)
--seeds 1,2            each cell with each of these seeds (default: 1)
--workspace <folder>   where data and runs go (default: the folder 'workspace' of this checkout)
--table <file>         where the table goes (default: docs/sweeps/<name>.md)`;

function numbersOf(text: string | undefined, option: string): number[] {
  if (text === undefined) return [];
  return text.split(',').map((part) => {
    const value = Number(part);
    if (part.trim() === '' || !(value > 0)) {
      throw new Error(`--${option} ${text}: numbers above 0, with commas between.`);
    }
    return value;
  });
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      steps: { type: 'string' },
      only: { type: 'string' },
      keep: { type: 'string' },
      seeds: { type: 'string', default: '1' },
      workspace: { type: 'string' },
      table: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const budgets: Budget[] = [
    ...numbersOf(values.steps, 'steps').map((amount) => ({ kind: 'steps', amount: Math.round(amount) }) as const),
    ...numbersOf(values.seconds, 'seconds').map((amount) => ({ kind: 'seconds', amount }) as const),
    ...numbersOf(values.minutes, 'minutes').map((amount) => ({ kind: 'seconds', amount: 60 * amount }) as const),
  ];
  const [name, ...others] = positionals;
  if (!values.help && (name === undefined || others.length > 0)) throw new Error('Name one sweep.');
  if (!values.help && budgets.length === 0) throw new Error('Give a budget: --minutes, --seconds or --steps.');
  const seeds = numbersOf(values.seeds, 'seeds');
  const keep = numbersOf(values.keep, 'keep').map(Math.round);
  return { ...values, seeds, keep, name: name ?? '', budgets: inOrder(budgets), only: values.only?.split(',') };
}

const isPlace = (word: string | undefined): boolean => word === '--workspace' || word === '--table';

async function run({ name, budgets, seeds, keep, only, workspace: place, table }: ReturnType<typeof readArguments>) {
  const source = await readSpecFile(fileURLToPath(new URL(`../resources/recipes/${name}.yaml`, import.meta.url)));
  const sweep = parseSweep(source);
  const unknown = only?.find((wanted) => !sweep.candidates.some((candidate) => candidate.name === wanted));
  if (unknown !== undefined) {
    throw new Error(
      `There is no candidate '${unknown}'. There are: ${sweep.candidates.map((one) => one.name).join(', ')}`,
    );
  }
  const folder = place ?? fileURLToPath(new URL('../workspace', import.meta.url));
  const { sample, importOnce } = await createDemoWorkspace(folder, runCommandLine);
  const texts = [
    await sample('brown', brownTexts),
    await sample('mail', () => spamAssassinMails(['easy-ham-2', 'spam-2'])),
  ];
  await importOnce('corpus', 'brown-and-mail', ...texts, '--vocabulary-size', '4096');

  const controller = new AbortController();
  process.once('SIGINT', () => {
    console.log('\nStopping at a checkpoint …');
    controller.abort();
  });
  const file = table ?? fileURLToPath(new URL(`../docs/sweeps/${name}.md`, import.meta.url));
  await mkdir(dirname(file), { recursive: true });
  // Without the places of this computer.
  const words = process.argv.slice(2).filter((word, at, all) => ![word, all[at - 1]].some((one) => isPlace(one)));
  const command = `npm run sweep -- ${words.join(' ')}`;
  const cells = await runCells(await openWorkspace(folder), sweep, source, {
    name,
    budgets,
    seeds,
    keep,
    candidates: sweep.candidates.filter((candidate) => only === undefined || only.includes(candidate.name)),
    signal: controller.signal,
    say: (text) => {
      console.log(text);
    },
    onCell: (done) => writeFile(file, sweepTable(sweep, done, { command, date: new Date(), threads: physicalCores() })),
  });
  console.log(
    cells ? `\nThe table is in ${file}` : `\nStopped. The same command goes on; the table so far is in ${file}`,
  );
}

let chosen: ReturnType<typeof readArguments> | undefined;
try {
  chosen = readArguments();
} catch (error) {
  console.error(`${messageOf(error)}\n\n${usage}`);
  process.exitCode = 2;
}
if (chosen?.help) console.log(usage);
else if (chosen) {
  await run(chosen).catch((error: unknown) => {
    if (!isLabError(error) && !(error instanceof Error)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  });
}

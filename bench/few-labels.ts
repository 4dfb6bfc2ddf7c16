/**
 * What pretraining is worth with few labels: for every set, every pretext task and every budget of time, logistic regression on
 * frozen features and fine-tuning, beside untrained features, training from scratch and classical methods. A page for each set
 * is written to `docs/few-labels`; whoever stops it goes on where it stopped with the same command.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { LabError } from '../src/shared/errors.ts';
import { openWorkspace } from '../src/main/workspace/workspace.ts';
import { imageSets } from './few-labels/image-sets.ts';
import { textSets } from './few-labels/text-sets.ts';
import type { LabelledSet } from './few-labels/labelled-set.ts';
import { measureSet } from './few-labels/measure.ts';
import type { Budget } from './few-labels/pretrain.ts';
import { defaultWorkspace } from './few-labels/pretrain.ts';
import { describeSet } from './few-labels/report.ts';
import type { Bench, BenchOptions } from './lib/bench.ts';

const sets: readonly LabelledSet[] = [...imageSets, ...textSets];
const usualMinutes = [2, 10];
const usualSeeds = 5;
const pages = join(import.meta.dirname, '..', 'docs', 'few-labels');

export const bench: Bench = {
  summary:
    'accuracy with few labels after every pretext task and budget of time (--minutes 2,10 or --steps n; --only digits,emoji,stamps,passages)',
  async run(name, options) {
    const budgets = budgetsOf(options);
    const stop = new AbortController();
    process.once('SIGINT', () => {
      stop.abort();
    });
    const workspace = await openWorkspace(options.workspace ?? defaultWorkspace);
    const chosen = chooseSets(options.only);
    const written: Record<string, unknown> = {};
    for (const set of chosen) {
      const seeds = Array.from({ length: options.seeds ?? usualSeeds }, (_, index) => index + 1);
      const measured = await measureSet(set, budgets, seeds, {
        workspace,
        signal: stop.signal,
        progress: options.progress,
      });
      const page = describeSet(measured, { command: commandOf(options), threads: options.threads });
      await mkdir(pages, { recursive: true });
      const file = join(pages, `${set.name}.md`);
      await writeFile(file, page);
      options.progress(`${relative(process.cwd(), file)} is written`);
      written[set.name] = measured.study.arms.map(({ arm, condition, mean }) => ({ arm, condition, accuracy: mean }));
    }
    return { name, threads: options.threads, size: { sets: chosen.length, budgets: budgets.length }, sets: written };
  },
};

function budgetsOf({ stepBudget, minutes }: BenchOptions): readonly Budget[] {
  if (stepBudget !== undefined) return [{ title: `${stepBudget} steps`, steps: stepBudget }];
  return (minutes ?? usualMinutes).map((count) => ({ title: `${count} min`, minutes: count }));
}

function chooseSets(only: readonly string[] | undefined): readonly LabelledSet[] {
  for (const wanted of only ?? []) {
    if (sets.some((set) => set.name === wanted)) continue;
    throw new LabError('not-found', `there is no set '${wanted}'. Sets: ${sets.map((set) => set.name).join(', ')}`);
  }
  return sets.filter((set) => only?.includes(set.name) ?? true);
}

function commandOf({ stepBudget, minutes, only, seeds }: BenchOptions): string {
  const words = [
    ...(stepBudget === undefined ? [] : ['--steps', String(stepBudget)]),
    ...(minutes ? ['--minutes', minutes.join(',')] : []),
    ...(only ? ['--only', only.join(',')] : []),
    ...(seeds === undefined ? [] : ['--seeds', String(seeds)]),
  ];
  return ['npm run bench -- few-labels', ...words].join(' ');
}

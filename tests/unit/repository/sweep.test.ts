/** Sweeps: every candidate of ours is a valid experiment; cells are trained once, and their table says what they reached. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cell, SweepOptions } from '../../../scripts/sweep/run-cells.ts';
import { runCells } from '../../../scripts/sweep/run-cells.ts';
import { budgetName, cellExperiment, firstPart, parseSweep } from '../../../scripts/sweep/sweep-spec.ts';
import { inOrder, sweepTable } from '../../../scripts/sweep/table.ts';
import { parseSpecText, readSpecFile } from '../../../src/main/runs/spec-file.ts';
import { listRuns } from '../../../src/main/workspace/runs.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace } from '../../tiny-workspace.ts';

const folder = join(import.meta.dirname, '../../../resources/recipes');

describe('the sweeps of the repository', () => {
  it('have candidates that are valid experiments and differ from each other', async () => {
    for (const file of await readdir(folder)) {
      const source = await readSpecFile(join(folder, file));
      const sweep = parseSweep(source);
      const experiments = sweep.candidates.map((candidate) =>
        JSON.stringify([
          cellExperiment(sweep, source, { candidate, name: 'x', steps: 10, seed: 1 }),
          ...[firstPart(candidate) ?? []]
            .flat()
            .map((first) => cellExperiment(sweep, source, { candidate: first, name: 'x', steps: 10, seed: 1 })),
        ]),
      );
      expect(new Set(experiments).size, file).toBe(sweep.candidates.length);
    }
  });
});

const text = `
title: Tiny
metrics: [maskedWordsLoss, loss]
experiment:
  task: {type: masked-words, length: 16, validationFraction: 0.1, evaluationExamples: 16}
  data: tiny
  pipeline: {preset: bert-tiny, options: {layers: 1, hiddenSize: 8, heads: 2, maximumLength: 16}}
  engine: {threads: 1}
  training: {batchSize: 4, learningRate: 1e-2}
candidates:
  - name: plain
  - name: fast
    settings: {training.learningRate: 0.03}
    notes: three times the rate
`;

describe('a sweep', () => {
  const source = parseSpecText(text, 'tiny.yaml');
  const sweep = parseSweep(source);
  let tiny: TinyWorkspace;
  beforeAll(async () => {
    tiny = await createTinyWorkspace();
  });
  afterAll(() => tiny.remove());

  const run = (options: Partial<SweepOptions> = {}, counted: Cell[][] = []) =>
    runCells(tiny.workspace, sweep, source, {
      name: 'tiny',
      budgets: [{ kind: 'steps', amount: 3 }],
      seeds: [1, 2],
      candidates: sweep.candidates,
      signal: new AbortController().signal,
      say: () => undefined,
      onCell: async (cells) => {
        counted.push([...cells]);
      },
      ...options,
    });
  const runCount = async (): Promise<number> => (await listRuns(tiny.workspace)).runs.length;

  it('trains each candidate with each seed, and nothing twice', async () => {
    const controller = new AbortController();
    const stopped = await run({
      signal: controller.signal,
      onCell: async () => {
        controller.abort();
      },
    });
    expect(stopped).toBeUndefined();
    const counted: Cell[][] = [];
    const cells = (await run({}, counted))!;
    expect(counted.map(({ length }) => length)).toEqual([1, 2, 3, 4]);
    expect(cells.map(({ candidate, seed, steps, metric }) => [candidate, seed, steps, metric])).toEqual(
      ['plain', 'fast'].flatMap((candidate) => [1, 2].map((seed) => [candidate, seed, 3, 'loss'])),
    );
    expect(await runCount()).toBe(4);
    expect(await run()).toEqual(cells);
    expect(await runCount()).toBe(4);
  });

  it('lets the best of a budget go on to the next, and always the first', async () => {
    const budgets = [3, 5, 7].map((amount) => ({ kind: 'steps', amount }) as const);
    const three = parseSpecText(`${text}  - name: slow\n    settings: {training.learningRate: 1e-7}\n`, 'tiny.yaml');
    const { candidates } = parseSweep(three);
    const cells = (await run({ budgets, seeds: [1], candidates, keep: [2, 1] }))!;
    const at = (amount: number) =>
      cells.filter(({ budget }) => budget.amount === amount).map(({ candidate }) => candidate);
    expect(at(3)).toEqual(['plain', 'fast', 'slow']);
    expect(at(5)).toEqual(['plain', 'fast']);
    const [first, second] = cells.filter(({ budget }) => budget.amount === 5);
    expect(at(7)).toEqual(first!.value <= second!.value ? ['plain'] : ['plain', 'fast']);
  });

  it('trains what goes before a candidate for its share of the budget, and starts from its weights', async () => {
    const two = parseSpecText(
      `${text}  - name: after\n    before: {share: 0.4, settings: {task.length: 8, training.learningRate: 0.02}}\n`,
      'tiny.yaml',
    );
    const candidates = parseSweep(two).candidates.slice(-1);
    const budgets = [{ kind: 'steps', amount: 10 }] as const;
    const [cell] = (await run({ budgets, seeds: [1], candidates }))!;
    const { runs } = await listRuns(tiny.workspace);
    const first = runs.find(({ experiment }) => experiment.name.includes('after.before'))!;
    expect(first.experiment).toMatchObject({ training: { steps: 4, learningRate: 0.02 }, task: { length: 8 } });
    const own = runs.find(({ id }) => id === cell!.run)!;
    expect(own.experiment).toMatchObject({ training: { steps: 6, learningRate: 0.01 }, from: { run: first.id } });
    expect(cell!.steps).toBe(10);
    const count = await runCount();
    expect(await run({ budgets, seeds: [1], candidates })).toEqual([cell]);
    expect(await runCount()).toBe(count);
  });

  it('finds out how many steps a time is, once', async () => {
    const budgets = [{ kind: 'seconds', amount: 0.05 }] as const;
    const only = { budgets, seeds: [1], candidates: sweep.candidates.slice(0, 1) };
    const [cell] = (await run(only))!;
    expect(cell!.steps).toBeGreaterThan(1);
    const count = await runCount();
    expect(await run(only)).toEqual([cell]);
    expect(await runCount()).toBe(count);
  });

  it('writes a table with the best of each budget in bold', async () => {
    const cell = (candidate: string, seed: number, value: number, amount = 60): Cell => ({
      candidate,
      budget: { kind: 'seconds', amount },
      seed,
      steps: 100,
      run: 'x',
      metric: 'loss',
      value,
      accuracy: 0.25,
      seconds: 59.6,
    });
    const cells = [
      cell('plain', 1, 5),
      cell('plain', 2, 4),
      cell('fast', 1, 4.6),
      cell('fast', 2, NaN),
      cell('fast', 1, 3, 90),
    ];
    const table = sweepTable(sweep, cells, { command: 'npm run sweep', date: new Date(0), threads: 2 });
    expect(table).toContain('means of 2 seeds');
    expect(table).toMatch(/\| Candidate +\| 1 min +\| 90 s +\| What it is +\|/);
    expect(table).toMatch(/\| plain +\| \*\*4\.500 ± 0\.500\*\* \(25\.0 %; 100, 60 s\) +\| +\| +\|/);
    expect(table).toMatch(/\| fast +\| NaN.* \| \*\*3\.000\*\* .*\| three times the rate \|/);
  });

  it('has budgets in order, and names for them', () => {
    const budgets = inOrder([
      { kind: 'steps', amount: 9 },
      { kind: 'seconds', amount: 900 },
      { kind: 'seconds', amount: 45 },
      { kind: 'steps', amount: 4 },
    ]);
    expect(budgets.map(budgetName)).toEqual(['4-steps', '9-steps', '45-s', '15-min']);
  });

  it('is refused with two candidates of one name, and where a candidate is wrong before anything is trained', async () => {
    const twice = parseSpecText(text.replace('name: fast', 'name: plain'), 'x.yaml');
    expect(() => parseSweep(twice)).toThrow("Two candidates are called 'plain'");
    const wrong = parseSpecText(text.replace('training.learningRate: 0.03', 'training.learningRat: 0.03'), 'x.yaml');
    const count = await runCount();
    const broken = parseSweep(wrong);
    await expect(
      runCells(tiny.workspace, broken, wrong, {
        name: 'broken',
        budgets: [{ kind: 'steps', amount: 1 }],
        seeds: [1],
        candidates: broken.candidates,
        signal: new AbortController().signal,
        say: () => undefined,
        onCell: () => Promise.resolve(),
      }),
    ).rejects.toThrow(/learningRat/);
    expect(await runCount()).toBe(count);
  });
});

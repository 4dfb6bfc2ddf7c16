// Studies in a small workspace: four arms on the same examples, tuned on validation data, with a verdict; and studies of old.
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StudyResult } from '../../../src/shared/spec/study.ts';
import { keepSessions } from '../../../src/main/engines/onnxruntime/sessions.ts';
import { readAnswers } from '../../../src/main/runs/answers-file.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { runFolder } from '../../../src/main/workspace/run-folder.ts';
import { listRuns } from '../../../src/main/workspace/runs.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { keepFeatures } from '../../../src/main/runs/kept-features.ts';
import { isRunOf } from '../../../src/main/runs/find-runs.ts';
import { runStudy } from '../../../src/main/runs/study.ts';
import type { StudyCell } from '../../../src/main/runs/study-plan.ts';
import { parseStudy, planStudy } from '../../../src/main/runs/study-plan.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { describeStudy } from '../../../src/main/hosts/cli/study.ts';
import { animalsExperiment, createStudyWorkspace } from '../../tiny-study.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;

const spec = `
name: animals-study
experiment:${animalsExperiment}
arms:
  - {name: pretrained, settings: {from.run: tiny-words}}
  - {name: frozen, method: frozen-features, settings: {from.run: tiny-words}}
  - {name: tf-idf, title: TF-IDF + logistic regression, method: baseline}
  - {name: scratch, settings: {tokenizer.run: tiny-words}}
conditions:
  - {name: 10-labels, settings: {task.labelBudget.total: 10}}
  - {name: 40-labels, settings: {task.labelBudget.total: 40}}
seeds: [1, 2]
tune: {training.learningRate: [1e-3, 1e-2]}
metric: macroF1`;

const sourceOf = (text: string) => parseSpecText(text, 'study.yaml');

async function run(text: string, onPhase?: (phase: string) => void): Promise<StudyResult> {
  const source = sourceOf(text);
  const { signal } = new AbortController();
  const options = { signal, prefetch: false, ...(onPhase && { onPhase }) };
  const found = await runStudy(tiny.workspace, parseStudy(source), source, options);
  return found!;
}

function plan(text: string): readonly StudyCell[] {
  const source = sourceOf(text);
  return planStudy(parseStudy(source), source);
}

beforeAll(async () => {
  tiny = await createStudyWorkspace();
});
afterAll(() => tiny.remove());

describe('a study with four arms', () => {
  let result: StudyResult;
  const phases: string[] = [];
  beforeAll(async () => {
    result = await run(spec, (phase) => phases.push(phase));
  });

  it('has all runs answer the same test examples', async () => {
    expect(result.runs).toHaveLength(2 * 4 * 2);
    const answers = await Promise.all(
      result.runs.map((one) => readAnswers(runFolder(join(tiny.workspace.runs, one.run)).answers)),
    );
    const [first] = answers;
    expect(first?.labels.length).toBe(result.testExamples);
    for (const one of answers) expect(one?.labels).toEqual(first?.labels);
  });

  it('shares features and programs, and its runs have the bits that each has alone', async () => {
    keepFeatures(0);
    keepSessions(0, 0);
    const cells = plan(spec).filter(({ arm, seed }) => arm === 'frozen' && seed === 2);
    expect(cells).toHaveLength(2);
    for (const { condition, arm, seed, experiment } of cells) {
      const alone = await createRun(tiny.workspace, { ...experiment, name: `alone-${condition}` });
      const { signal } = new AbortController();
      const found = (await trainRun(tiny.workspace, alone, { signal, prefetch: false }))!;
      const shared = result.runs.find((one) => one.condition === condition && one.arm === arm && one.seed === seed)!;
      expect(found.test?.metrics.macroF1).toBe(shared.value);
      const answersOf = (id: string) => readAnswers(runFolder(join(tiny.workspace.runs, id)).answers);
      expect(await answersOf(found.id)).toEqual(await answersOf(shared.run));
    }
  });

  it('draws other labels with another seed', () => {
    // Networks are fitted to other examples, so the baseline, which is the same to the bit for the same ones, is another.
    const values = result.runs.filter(({ arm }) => arm === 'tf-idf').map(({ value }) => value);
    expect(new Set(values).size).toBeGreaterThan(1);
    expect(result.conditions).toEqual([
      { name: '10-labels', labels: 10 },
      { name: '40-labels', labels: 40 },
    ]);
  });

  it('tunes both networks by as many trials on the validation split, once for each arm and condition', async () => {
    const trained = result.runs.filter(({ arm }) => arm === 'pretrained' || arm === 'scratch');
    for (const one of trained) {
      expect(one.trials).toBe(2);
      expect([1e-3, 1e-2]).toContain(one.chosen?.['training.learningRate']);
    }
    // Two trials for each of two arms and two conditions; the second seed takes what was chosen for the first.
    expect(phases.filter((phase) => phase.startsWith('Trial'))).toHaveLength(8);
    const bySeed = (seed: number) => trained.filter((one) => one.seed === seed).map(({ chosen }) => chosen);
    expect(bySeed(2)).toEqual(bySeed(1));
    const { run: id } = trained[0]!;
    const trial = JSON.parse(
      await readFile(join(tiny.workspace.runs, id, 'trials', '1', 'result.json'), 'utf8'),
    ) as object;
    expect(trial).not.toHaveProperty('test');
    expect(trial).toMatchObject({ baselines: [] });
    const events = await readFile(join(tiny.workspace.runs, id, 'trials', '1', 'events.jsonl'), 'utf8');
    expect(events).not.toContain('"split":"test"');
    const written = JSON.parse(await readFile(join(tiny.workspace.runs, id, 'spec.json'), 'utf8')) as {
      training: { learningRate: number };
    };
    expect(written.training.learningRate).toBe(trained[0]!.chosen?.['training.learningRate']);
  });

  it('chooses features and penalty of the baseline on validation examples, and tells from how many', () => {
    const baseline = result.runs.find(({ arm }) => arm === 'tf-idf');
    expect(baseline?.chosen).toMatchObject({ features: expect.stringContaining('TF-IDF') as string });
    expect(baseline?.trials).toBeGreaterThan(4);
    expect(result.runs.find(({ arm }) => arm === 'frozen')?.chosen).toEqual({
      penalty: expect.any(Number) as number,
    });
  });

  it('gives intervals over seeds, over test examples and over both, and says who won', () => {
    expect(result.gains).toHaveLength(6);
    for (const gain of result.gains) {
      expect(gain.overSeeds).not.toBeNull();
      expect(gain.overExamples).not.toBeNull();
      const width = (interval: { low: number; high: number } | null) => interval!.high - interval!.low;
      expect(width(gain.interval)).toBeGreaterThan(0);
    }
    expect(result.verdicts.map(({ condition }) => condition)).toEqual(['10-labels', '40-labels']);
    expect(result.labelsSaved.map(({ arm, labels }) => [arm, labels])).toEqual([
      ['pretrained', 10],
      ['pretrained', 40],
      ['frozen', 10],
      ['frozen', 40],
    ]);
    const text = describeStudy(result);
    expect(text).toContain('TF-IDF + logistic regression');
    expect(text).toContain('Verdict');
    expect(result.verdicts.every(({ headline }) => headline !== '')).toBe(true);
    expect(result.leaks.map(({ arm }) => arm)).toEqual(['pretrained', 'frozen', 'tf-idf', 'scratch']);
    expect(text).toContain(result.leaks[0]!.sentence);
    expect(text).toContain(result.verdicts[0]!.sentence);
    expect(text).toMatch(/Chosen for pretrained: learningRate 0\.01 \(2 trials\)/);
  });

  it('is not done again, and finds tuned runs by what they were before', async () => {
    const again = await run(spec, (phase) => phases.push(phase));
    expect(again).toEqual(result);
    const [cell] = plan(spec);
    const { runs } = await listRuns(tiny.workspace);
    expect(runs.filter((one) => isRunOf(one.experiment, cell!.experiment))).toHaveLength(1);
  });
});

describe('tuning', () => {
  const tuned = `
name: tuned
seed: 3${animalsExperiment.replaceAll('\n  ', '\n')}
tokenizer: {run: tiny-words}
tune: {settings: {training.learningRate: [1e-3, 3e-3, 1e-2]}}`;

  it('is the same to the bit when it is stopped within a trial and resumed', async () => {
    const wanted = parseExperiment(sourceOf(tuned));
    const whole = await createRun(tiny.workspace, wanted);
    const expected = await trainRun(tiny.workspace, whole, { signal: new AbortController().signal, prefetch: false });
    const stopped = await createRun(tiny.workspace, wanted);
    const controller = new AbortController();
    const first = await trainRun(tiny.workspace, stopped, {
      signal: controller.signal,
      prefetch: false,
      onPhase: (phase) => {
        if (phase === 'Trial 2 of 3') controller.abort();
      },
    });
    expect(first).toBeUndefined();
    expect(await readdir(join(stopped.folder, 'trials'))).toEqual(['1', '2']);
    const resumed = await trainRun(tiny.workspace, stopped, { signal: new AbortController().signal, prefetch: false });
    expect(resumed?.tuning).toEqual(expected?.tuning);
    expect(resumed?.test).toEqual(expected?.test);
    await rm(stopped.folder, { recursive: true });
  });

  it('asks for as many trials of each trained arm, and for values that fit', () => {
    const unequal = spec.replace('{name: scratch,', '{name: scratch, tune: {training.learningRate: [1e-3]},');
    expect(() => plan(unequal)).toThrow(/same number of trials.*pretrained has 2, scratch has 1/);
    expect(() => plan(spec.replace('[1e-3, 1e-2]', '[1e-3, fast]'))).toThrow(/learningRate/);
    expect(() => plan(spec.replace('training.learningRate', 'training.learningRat'))).toThrow(/learningRat/);
  });
});

describe('studies of old', () => {
  const old = `
name: old-study
splits: per-seed
experiment:${animalsExperiment}
arms: [{name: fast, settings: {training.learningRate: 0.05}}, {name: slow, settings: {training.learningRate: 1e-4}}]
seeds: [1, 2, 3]
metric: accuracy`.replace('data: animals', 'data: animals\n  tokenizer: {run: tiny-words}');

  it('have a split for each seed, and the wider interval that this asks for', async () => {
    expect(plan(old).map(({ experiment: one }) => [one.seed, one.splitSeed, one.labelSeed])).toEqual(
      [1, 2, 3, 1, 2, 3].map((seed) => [seed, seed, undefined]),
    );
    const result = await run(old);
    const [gain] = result.gains;
    const differences = [1, 2, 3].map((seed) => {
      const of = (arm: string) => result.runs.find((one) => one.arm === arm && one.seed === seed)!.value;
      return of('fast') - of('slow');
    });
    const centre = differences.reduce((sum, value) => sum + value, 0) / 3;
    const squares = differences.reduce((sum, value) => sum + (value - centre) ** 2, 0) / 2;
    const margin = 4.302652729749464 * Math.sqrt((1 / 3 + 0.4 / 0.6) * squares); // t of 97.5 % with 2 degrees of freedom
    expect(gain!.gain).toBeCloseTo(centre, 12);
    expect(gain!.interval!.high).toBeCloseTo(centre + margin, 9);
  });
});

describe('a study that may stop for futility', () => {
  it('leaves out seeds that cannot show a difference, and claims nothing', async () => {
    // The same arm under two names: every difference is 0.
    const settings = 'settings: {from.run: tiny-words}';
    const result = await run(`
name: futile
stopForFutility: true
experiment:${animalsExperiment}
arms: [{name: one, ${settings}}, {name: other, ${settings}}]
seeds: [1, 2, 3, 4, 5]
metric: accuracy`);
    expect(result.interim).toEqual({ seeds: 3, planned: 5 });
    expect(result.runs).toHaveLength(6);
    expect(result.gains[0]).toMatchObject({ gain: 0, sentence: expect.stringContaining('inconclusive') as string });
    expect(result.verdicts[0]).toMatchObject({ kind: 'inconclusive' });
    expect(describeStudy(result)).toContain('Stopped for futility after 3 of 5 seeds');
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeScores } from '../../../src/main/runs/describe-scores.ts';
import { readScores, writeScores } from '../../../src/main/runs/scores-file.ts';
import { evaluateProbabilities } from '../../../src/main/tasks/classification/evaluation.ts';
import { runScores } from '../../../src/shared/contract/scores.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pretext-scores-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const classes = ['common', 'rare'];
/** [probability of the rare class, label] */
const validation = [
  [0.1, 0],
  [0.2, 0],
  [0.3, 0],
  [0.35, 1],
  [0.4, 0],
  [0.45, 1],
  [0.9, 1],
  [0.05, 0],
] as const;
const test = [
  [0.2, 0],
  [0.5, 1],
  [0.42, 0],
  [0.3, 1],
  [0.05, 0],
  [0.8, 1],
] as const;

function evaluated(examples: readonly (readonly [number, number])[]) {
  const labels = examples.map(([, label]) => label);
  return evaluateProbabilities(
    classes,
    labels,
    examples.flatMap(([rare]) => [1 - rare, rare]),
  );
}

describe('the probabilities of a run', () => {
  it('are kept and read back, with a temperature of the validation split', async () => {
    const file = join(folder, 'kept.json');
    await writeScores(file, evaluated(validation), evaluated(test));
    const scores = await readScores(file);
    expect(scores?.classes).toEqual(classes);
    expect([...scores!.splits.test!.labels]).toEqual(test.map(([, label]) => label));
    expect(scores!.splits.test!.probabilities[3]).toBeCloseTo(0.5, 6);
    await writeScores(join(folder, 'none.json'), { metrics: {} }, undefined);
    expect(await readScores(join(folder, 'none.json'))).toBeUndefined();
  });

  it('give curves, calibration and what a threshold answers, of a class against the rest', async () => {
    const run = { id: 'a', scores: join(folder, 'run.json') };
    await writeScores(run.scores, evaluated(validation), evaluated(test));
    const scores = runScores.parse(await describeScores(run, {}));
    expect(scores).toMatchObject({ split: 'test', class: 'rare', examples: 6 });
    // Of nine pairs, 0.3 stands behind 0.42.
    expect(scores.auroc).toBeCloseTo(8 / 9, 12);
    expect(scores.averagePrecision).toBeCloseTo((1 + 1 + 3 / 4) / 3, 12);
    expect(scores.roc.at(0)).toEqual({ x: 0, y: 0 });
    expect(scores.roc.at(-1)).toEqual({ x: 1, y: 1 });
    // On the validation split, all three rare ones and one other are found from 0.35 on: F1 6/7.
    const { threshold } = scores;
    expect(threshold.value).toBe(threshold.chosenOnValidation);
    expect(threshold).toMatchObject({ truePositives: 2, falsePositives: 1, falseNegatives: 1, trueNegatives: 2 });
    expect(threshold.f1).toBeCloseTo(2 / 3, 12);
    const { threshold: strict } = await describeScores(run, { threshold: 1 });
    expect(strict).toMatchObject({ truePositives: 0, falsePositives: 0, precision: null, recall: 0, specificity: 1 });
    const common = await describeScores(run, { class: 'common', split: 'validation', threshold: 0 });
    expect(common.threshold).toMatchObject({ truePositives: 5, falsePositives: 3, recall: 1 });
    expect(common.calibration.before.bins.reduce((sum, { examples }) => sum + examples, 0)).toBe(8);
    await expect(describeScores(run, { class: 'other' })).rejects.toThrow(
      'There is no class “other”; there is “common”',
    );
    await expect(describeScores({ id: 'b', scores: join(folder, 'nothing') }, {})).rejects.toThrow(
      'b kept no probabilities',
    );
  });
});

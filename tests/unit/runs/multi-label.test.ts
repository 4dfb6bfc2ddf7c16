// Several labels at once to the end of a run: thresholds of the validation split are what the test and whoever asks get.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import { readModel } from '../../../src/main/runs/read-model.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { importDataset } from '../../../src/main/work/import-material.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import { bitsWithAndWithoutStops } from '../../stopped-run.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
const network = '{preset: bert-tiny, options: {layers: 1, hiddenSize: 16, heads: 2, maximumLength: 16}}';

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const rows = Array.from({ length: 80 }, (_, index) => {
    const labels = [...(index % 2 === 0 ? ['animal'] : []), ...(index % 5 === 0 ? ['water'] : [])];
    const text = `${index % 2 === 0 ? 'the cat' : 'the old man'} sees ${index % 5 === 0 ? 'the river' : 'the house'} ${index}`;
    return `${text},${labels.join(';')}`;
  });
  const folder = join(tiny.folder, 'labels');
  mkdirSync(folder);
  writeFileSync(join(folder, 'labels.csv'), ['text,label', ...rows].join('\n'));
  const sources = [join(folder, 'labels.csv')];
  await importDataset(tiny.workspace, 'labels', { sources, labels: { kind: 'several' }, ...quiet });
});
afterAll(() => tiny.remove());

function experiment(name: string, task: string) {
  const text = `name: ${name}\nengine: {threads: 1}\ntask: ${task}\ndata: labels\ntokenizer: {corpus: tiny}
pipeline: ${network}\ntraining: {steps: 80, batchSize: 8, learningRate: 1e-2, evaluateEvery: 40, logEvery: 40}`;
  return parseExperiment(parseSpecText(text, `${name}.yaml`));
}

async function train(name: string, task: string) {
  const spec = experiment(name, task);
  const run = await createRun(tiny.workspace, spec);
  await trainRun(tiny.workspace, run, { signal: quiet.signal, prefetch: false });
  const { result } = await readRun(run);
  return { run, spec, result: result! };
}

describe('multi-label', () => {
  it('learns labels of their own, and answers at the thresholds of the validation split', async () => {
    const { run, spec, result } = await train('labels', '{type: multi-label, length: 16, classWeights: balanced}');
    expect(result.examples).toEqual({ training: 56, validation: 8, test: 16 });
    const [frequencies, logistic] = result.baselines;
    expect([frequencies?.name, logistic?.name]).toEqual(['label frequencies', 'logistic regression']);
    expect(logistic!.metrics.macroF1).toBeGreaterThan(frequencies!.metrics.macroF1!);
    expect(result.test!.metrics.macroF1).toBeGreaterThan(frequencies!.metrics.macroF1!);
    expect(result.test!.perClass?.map(({ name }) => name)).toEqual(['animal', 'water']);
    expect(result.audit?.[0]).toMatchObject({ name: 'labels without an example in training', value: 0 });
    const { facts } = await readModel(run, spec);
    expect(facts.labelSet?.thresholds).toHaveLength(2);
    await using predictor = await openPredictor(run);
    const [answer] = await predictor.ask({ text: 'the cat sees the river', top: 5 });
    expect(answer?.question).toBe('Which labels?');
    const chosen = answer!.choices.filter(({ isChosen }) => isChosen).map(({ label }) => label);
    expect(chosen.sort()).toEqual(['animal', 'water']);
  });

  it('goes on after stops to the same bits', async () => {
    const { whole, stopped } = await bitsWithAndWithoutStops(
      tiny.workspace,
      experiment('stops', '{type: multi-label, length: 16}'),
    );
    expect(stopped).toEqual(whole);
  });

  it('is what such a dataset is for, and no other task', async () => {
    await expect(train('classes', '{type: text-classification, length: 16}')).rejects.toThrow(
      /take the task multi-label/,
    );
    await expect(train('numbers', '{type: regression, length: 16}')).rejects.toThrow(
      /has several labels for each example/,
    );
  });
});

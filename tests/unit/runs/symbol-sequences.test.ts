/** Sequences of symbols through the whole lab: FASTA to corpora, both ways of pretraining, classification, and answers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { genesAsFasta } from '../../genes.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { importCorpus, importDataset } from '../../../src/main/work/import-material.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import type { RunFolder } from '../../../src/main/workspace/run-folder.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import type { Workspace } from '../../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';

let folder: string;
let workspace: Workspace;

async function train(text: string): Promise<RunFolder> {
  const run = await createRun(workspace, parseExperiment(parseSpecText(`${text}\nengine: {threads: 1}\n`, 'x.yaml')));
  await trainRun(workspace, run, { signal: new AbortController().signal, prefetch: false });
  return run;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pretext-symbols-'));
  workspace = await openWorkspace(join(folder, 'workspace'));
  const [genes, labelled] = [join(folder, 'genes.fasta'), join(folder, 'labelled.fasta')];
  await writeFile(genes, genesAsFasta({ count: 120 }));
  await writeFile(labelled, genesAsFasta({ count: 80, seed: 5, labelled: true }));
  await importCorpus(workspace, 'genes', { sources: [genes] });
  await importCorpus(workspace, 'codons', { sources: [genes], tokenizer: { kind: 'k-mers', k: 3 } });
  await importDataset(workspace, 'labelled', { sources: [labelled] });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('symbols', () => {
  it('are predicted one after the other, and what was learned is carried to a classifier', async () => {
    const pipeline = 'pipeline: {preset: lstm-lm, options: {hiddenSize: 16, cell: gru, dropout: 0}}';
    const model = await train(`
name: next-symbol
task: {type: next-word, length: 32, validationFraction: 0.2, testFraction: 0, dropout: 0}
data: genes
${pipeline}
training: {steps: 60, batchSize: 8, learningRate: 2e-2, evaluateEvery: 60}
evaluation: {test: false}`);
    const { result } = await readRun(model);
    const [unigram] = result!.baselines;
    expect(result!.validation.metrics.perplexity).toBeLessThan(unigram!.metrics.perplexity!);
    const predictor = await openPredictor(model);
    const [answer] = await predictor.ask({ text: 'ATGGC', top: 4 });
    expect(answer!.question).toBe('atggc…'); // one after the other, without spaces
    expect(answer!.choices.map(({ label }) => label).sort()).toEqual(['a', 'c', 'g', 't']);
    expect(answer!.choices[0]!.continuation).toBe(`ATGGC${answer!.choices[0]!.label}`);
    let text = '';
    for await (const token of predictor.generate({ text: 'ATG', tokens: 9, temperature: 1, seed: 1 })) {
      ({ text } = token);
    }
    expect(text).toMatch(/^atg[acgt]{1,9}$/);
    await predictor.close();

    const classifier = await train(`
name: coding
task: {type: text-classification, length: 128, pooling: mean, testFraction: 0.25}
data: labelled
from: {run: next-symbol}
${pipeline}
training: {steps: 6, batchSize: 8, learningRate: 1e-2, evaluateEvery: 6}`);
    const { transfer, result: classified } = await readRun(classifier);
    expect(transfer!.matched.map(({ name }) => name)).toContain('backbone/recurrent/layer.0/forward/recurrent-weight');
    expect(transfer!.mismatched).toEqual([]);
    expect(classified!.baselines.find(({ name }) => name === 'bag of words')!.metrics.accuracy).toBeLessThan(0.75);
    const asked = await openPredictor(classifier);
    const [judged] = await asked.ask({ text: genesAsFasta({ count: 1, seed: 8 }).split('\n')[1]!, top: 2 });
    await asked.close();
    expect(judged!.choices.map(({ label }) => label).sort()).toEqual(['coding', 'random']);
  });

  it('are masked as k-mers, and filled in', async () => {
    const run = await train(`
name: masked-codons
task: {type: masked-words, length: 32, validationFraction: 0.2, testFraction: 0}
data: codons
pipeline: {preset: bert-tiny, options: {layers: 1, hiddenSize: 16, heads: 2, dropout: 0}}
training: {steps: 10, batchSize: 8, learningRate: 1e-2, evaluateEvery: 10}
evaluation: {test: false}`);
    const predictor = await openPredictor(run);
    const [answer] = await predictor.ask({ text: 'ATG[MASK]GCT', top: 3 });
    await predictor.close();
    for (const { label } of answer!.choices) expect(label).toMatch(/^[acgt]{3}$/);
  });
});

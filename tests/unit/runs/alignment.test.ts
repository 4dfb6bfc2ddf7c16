// Aligning to the end of a run: from pairs in FASTA to rows, beside the methods that need no network.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  homologousFamilies,
  membersAsFasta,
  pairsAsFasta,
} from '../../../src/main/data/samples/homologous-families.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { predictFile } from '../../../src/main/runs/batch/predict-file.ts';
import { openPredictor } from '../../../src/main/runs/predict.ts';
import { findTrainedNetwork } from '../../../src/main/runs/trained-network.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { loadTokenizer } from '../../../src/main/data/tokenizer/tokenizer.ts';
import { readAnswers } from '../../../src/main/runs/answers-file.ts';
import { describeScores } from '../../../src/main/runs/describe-scores.ts';
import { openPairs, residueTokens } from '../../../src/main/tasks/alignment/pairs.ts';
import { readTrainingRecords } from '../../../src/main/workspace/training-records.ts';
import { answeredExamples, weightedMetricOf } from '../../../src/shared/study/answered-run.ts';
import { importCorpus, importDataset } from '../../../src/main/work/import-material.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import { bitsWithAndWithoutStops } from '../../stopped-run.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
const families = homologousFamilies({
  ...({ alphabet: 'protein', families: 18, members: 6, pairs: 6 } as const),
  ...{ shortest: 8, longest: 10, divergence: 0.4, seed: 5 },
});

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const folder = join(tiny.folder, 'families');
  mkdirSync(folder);
  writeFileSync(join(folder, 'pairs.fasta'), [...pairsAsFasta(families.pairs)].join(''));
  writeFileSync(join(folder, 'members.fasta'), [...membersAsFasta(families.members)].join(''));
  const sources = (file: string) => [join(folder, file)];
  await importDataset(tiny.workspace, 'pairs', {
    sources: sources('pairs.fasta'),
    labels: { kind: 'alignments' },
    ...quiet,
  });
  await importCorpus(tiny.workspace, 'families', {
    sources: sources('members.fasta'),
    tokenizer: { kind: 'characters' },
    ...quiet,
  });
});
afterAll(() => tiny.remove());

const recurrent = '{preset: bilstm-classifier, options: {hiddenSize: 16, dropout: 0}}';
/** Reads short pairs in short programs. */
const attentive = '{preset: bert-tiny, options: {layers: 1, hiddenSize: 16, heads: 2, maximumLength: 64}}';

const specOf = (name: string, task: string, rest = 'tokenizer: {corpus: families}', network = recurrent) =>
  parseExperiment(
    parseSpecText(
      `name: ${name}\nengine: {threads: 1}\ntask: ${task}\ndata: pairs\n${rest}
pipeline: ${network}
training: {steps: 40, batchSize: 8, learningRate: 2e-2, evaluateEvery: 20, logEvery: 20}`,
      `${name}.yaml`,
    ),
  );

describe('alignment', () => {
  it('learns from pairs, and says how two sequences are aligned', async () => {
    const run = await createRun(
      tiny.workspace,
      specOf('pairs', '{type: alignment, length: 24, embeddingSize: 16, validationFraction: 0.2}'),
    );
    await trainRun(tiny.workspace, run, { signal: quiet.signal, prefetch: false });
    const result = (await readRun(run)).result!;
    expect(result.baselines.map(({ name }) => name)).toEqual([
      'Needleman–Wunsch, unit scores',
      'Needleman–Wunsch, BLOSUM62',
      'Needleman–Wunsch, BLOSUM62, tuned gaps',
    ]);
    for (const { metrics } of result.baselines) {
      expect(Object.keys(metrics).sort()).toEqual(['alignedF1', 'alignedPrecision', 'alignedRecall', 'auroc']);
    }
    expect(result.test!.metrics.alignedF1).toBeGreaterThan(0.75);
    expect(result.audit?.map(({ name }) => name)).toEqual(['substituted residues that are aligned']);
    expect(result.audit![0]!.reference).toBeGreaterThan(0);
    expect(result.test!.perClass?.map(({ name }) => name)).toEqual(['unrelated', 'related']);
    const scores = await describeScores(run, {});
    expect([scores.classes, scores.examples]).toEqual([['unrelated', 'related'], result.examples!.test]);
    // What studies resample is what was evaluated.
    const answers = (await readAnswers(run.answers))!;
    const once = new Uint32Array(answeredExamples(answers)).fill(1);
    for (const metric of ['alignedF1', 'alignedRecall', 'alignedPrecision', 'auroc']) {
      expect(weightedMetricOf(answers, metric)!(once), metric).toBeCloseTo(result.test!.metrics[metric]!, 6);
    }

    // Samples over time show rows with gaps, and how many of their pairs are right.
    const { samples } = await readTrainingRecords(run);
    expect(samples.map(({ step }) => step)).toEqual([20, 40]);
    const shown = samples[1]!.answers.flat().filter(({ kind }) => kind === 'alignment');
    expect(shown.length).toBeGreaterThan(0);
    for (const { choices: said, truth } of shown) {
      const [written = []] = said.map(({ label }) => label.split('\n'));
      expect(written).toHaveLength(2);
      expect(written[0]).toHaveLength(written[1]!.length);
      expect(written.map((row) => row.replaceAll('-', ''))).toEqual(
        truth.split('\n').map((row) => row.replaceAll('-', '')),
      );
    }
    expect(Math.max(...shown.map(({ choices: [said] }) => said!.probability))).toBeGreaterThan(0.7);
    expect(readdirSync(run.artifacts).filter((file) => file.endsWith('.svg'))).toContain('alignment-1.svg');

    const { first, second } = families.pairs[0]!;
    const bare = (row: string): string => row.replaceAll('-', '');
    await using predictor = await openPredictor(run);
    const [answer] = await predictor.ask({ text: first.row, textPair: second.row, top: 2 });
    const { alignment, choices } = answer!;
    expect(bare(alignment!.first)).toBe(bare(first.row));
    expect(bare(alignment!.second)).toBe(bare(second.row));
    expect(alignment!.first).toHaveLength(alignment!.second.length);
    expect(alignment!.probabilities).toHaveLength(alignment!.first.length);
    expect(alignment!.pairs).toHaveLength(bare(first.row).length * bare(second.row).length);
    // A residue is aligned with one of the other sequence at most.
    const width = bare(second.row).length;
    for (let row = 0; row < bare(first.row).length; row += 1) {
      const sum = alignment!.pairs.slice(row * width, (row + 1) * width).reduce((a, b) => a + b, 0);
      expect(sum).toBeLessThan(1 + 1e-6);
    }
    expect(choices.map(({ label }) => label).sort()).toEqual(['related', 'unrelated']);
    expect(choices[0]!.probability + choices[1]!.probability).toBeCloseTo(1, 12);
    await expect(predictor.ask({ text: 'MKV', top: 2 })).rejects.toThrow(/needs two sequences/);
    await expect(predictor.ask({ text: 'M'.repeat(30), textPair: 'MK', top: 2 })).rejects.toThrow(
      /has 30 residues, and networks with task.length 24 read 22/,
    );
  });

  it('answers the pairs of a FASTA file, and says which record has no partner', async () => {
    const run = await createRun(
      tiny.workspace,
      specOf(
        'few',
        '{type: alignment, length: 40, embeddingSize: 8, validationFraction: 0.2, testFraction: 0}',
        undefined,
        attentive,
      ),
    );
    await trainRun(tiny.workspace, run, { signal: quiet.signal, prefetch: false });
    const input = join(tiny.folder, 'asked.fasta');
    writeFileSync(input, '>a\nMK-V\n>b\nMKLV\n>c\nMKV\n');
    const output = join(tiny.folder, 'answers.jsonl');
    const network = await findTrainedNetwork(tiny.workspace, 'few', {
      checkpoint: 'best',
      onPassedOver: () => undefined,
    });
    const { failures, answered } = await predictFile(network, { input, output, ...quiet });
    expect(answered).toBe(1);
    expect(failures).toEqual([
      { file: input, line: 5, problem: 'has no partner: a pair is two records, one after the other' },
    ]);
    const [row] = readFileSync(output, 'utf8').trim().split('\n');
    const { name, first, second } = z
      .object({ name: z.string(), first: z.string(), second: z.string() })
      .parse(JSON.parse(row!));
    expect([name, first.replaceAll('-', ''), second.replaceAll('-', '')]).toEqual(['a b', 'MKV', 'MKLV']);
  });

  it('goes on after stops to the same bits', async () => {
    const { whole, stopped } = await bitsWithAndWithoutStops(
      tiny.workspace,
      specOf('stops', '{type: alignment, length: 24, embeddingSize: 16, validationFraction: 0.2}'),
    );
    expect(stopped).toEqual(whole);
  });

  it('has an arm without a network, whose gaps are chosen on validation pairs', async () => {
    const task = '{type: alignment, length: 24, validationFraction: 0.2}';
    const run = await createRun(
      tiny.workspace,
      specOf('classical', task, 'tokenizer: {corpus: families}\nmethod: baseline'),
    );
    await trainRun(tiny.workspace, run, { signal: quiet.signal, prefetch: false });
    const { tuning, test, validation } = (await readRun(run)).result!;
    expect(tuning!.trials.map(({ value }) => value)).toContain(validation.metrics.alignedF1);
    expect(tuning!.chosen).toEqual(
      tuning!.trials.find(({ value }) => value === validation.metrics.alignedF1)!.settings,
    );
    expect(test!.metrics.alignedF1).toBeGreaterThan(0.5);
    expect(test!.metrics.loss).toBeUndefined();
  });

  it('has an arm of frozen features, on which the head is trained', async () => {
    const pretraining = specOf(
      'residues',
      '{type: masked-words, length: 24, maximumPredictions: 4}',
      'evaluation: {test: false, baselines: false}',
      recurrent,
    );
    const source = await createRun(tiny.workspace, { ...pretraining, data: 'families' });
    await trainRun(tiny.workspace, source, { signal: quiet.signal, prefetch: false });
    const task = '{type: alignment, length: 24, embeddingSize: 8, validationFraction: 0.2, labelBudget: {total: 20}}';
    const frozen = await createRun(tiny.workspace, specOf('frozen', task, 'from: {run: residues}\nfreeze: [backbone]'));
    await trainRun(tiny.workspace, frozen, { signal: quiet.signal, prefetch: false });
    const { parameters, test } = (await readRun(frozen)).result!;
    expect(parameters.trainable).toBe(2 * 16 * 8 + 8 + 5); // the embedding, the offset, gaps and how pairs are told
    expect(test!.metrics.alignedF1).toBeGreaterThan(0);
    const fitted = specOf('fitted', task, 'from: {run: residues}\nmethod: frozen-features');
    const refused = await createRun(tiny.workspace, fitted);
    await expect(trainRun(tiny.workspace, refused, { signal: quiet.signal, prefetch: false })).rejects.toThrow(
      /freeze: \[backbone\]/,
    );
  });

  it('reads small letters as capitals where the vocabulary has only these', () => {
    const tokenizer = loadTokenizer(join(tiny.workspace.corpora, 'families', 'tokenizer.json'));
    expect(residueTokens(tokenizer, 'mkVl')).toEqual(residueTokens(tokenizer, 'MKVL'));
    expect([...residueTokens(tokenizer, 'M*')][1]).toBe(tokenizer.special.unknown);
  });

  it('splits by families', () => {
    const material = openPairs({
      dataFolder: join(tiny.workspace.datasets, 'pairs'),
      tokenizerFile: join(tiny.workspace.corpora, 'families', 'tokenizer.json'),
      splitSeed: 1,
      options: { length: 24, validationFraction: 0.2, testFraction: 0.2 },
    });
    const clans = new Map<string, string>();
    for (const [side, examples] of Object.entries(material.sides)) {
      expect(examples.length).toBeGreaterThan(0);
      for (const example of examples) {
        const { clan } = families.pairs[example]!;
        expect(clans.get(clan) ?? side).toBe(side);
        clans.set(clan, side);
      }
    }
    material.dataset.close();
  });

  it('says what is missing', async () => {
    const reject = (task: string, rest?: string) =>
      expect(createRun(tiny.workspace, specOf('none', task, rest))).rejects;
    await reject('{type: alignment, length: 8}').toThrow(/set it to \d+ or more/);
    await reject('{type: alignment, length: 24}', 'tokenizer: {corpus: tiny}').toThrow(
      /a token for each residue.*--tokenizer-kind characters/,
    );
    await reject('{type: text-classification, length: 24}').toThrow(/take the task alignment/);
    // A vocabulary of nucleotides.
    writeFileSync(join(tiny.folder, 'dna.fasta'), '>a\nGGTT\n>b\nTTGG\n');
    await importCorpus(tiny.workspace, 'dna', {
      sources: [join(tiny.folder, 'dna.fasta')],
      tokenizer: { kind: 'characters' },
      ...quiet,
    });
    await reject('{type: alignment, length: 24}', 'tokenizer: {corpus: dna}').toThrow(/most residues.*are unknown/);
  });
});

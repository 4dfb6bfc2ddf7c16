/** Text models of others against transformers: what their networks and heads answer, and every gradient. */
import { describe, expect, it } from 'vitest';
import { createProgram, mean, multiply, output, withScope } from '../../../src/main/graph/index.ts';
import { appendGradients } from '../../../src/main/graph/autodiff.ts';
import type { Program } from '../../../src/main/graph/program.ts';
import type { PipelineGraph } from '../../../src/shared/spec/pipeline.ts';
import { buildPipeline, declareInputs } from '../../../src/main/nn/index.ts';
import { poolSequence } from '../../../src/main/nn/blocks/sequence-pooling.ts';
import { findTask } from '../../../src/main/tasks/index.ts';
import { buildModel } from '../../../src/main/training/model.ts';
import type { SafetensorsTensor } from '../../../src/main/formats/safetensors.ts';
import type { ReadModel } from '../../../src/main/models/family.ts';
import { compiled, readRecorded, relativeError } from './recorded.ts';

const [batch, length, places] = [2, 12, 2];
/** Of answers; float32 arithmetic gives 1e-6. */
const tolerance = 1e-5;

/** Dropout is not recorded. */
function withoutDropout({ blocks, outputs }: PipelineGraph): PipelineGraph {
  const still = (options: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(options).map(([key, value]) => [key, /dropout/iu.test(key) ? 0 : value]));
  return { outputs, blocks: blocks.map((block) => ({ ...block, options: still(block.options) })) };
}

type Outputs = ReadonlyMap<string, SafetensorsTensor>;

const ints = (outputs: Outputs, name: string): Int32Array => Int32Array.from(outputs.get(name)!.data);
const floats = (outputs: Outputs, name: string): Float32Array => Float32Array.from(outputs.get(name)!.data);

const textFeeds = (outputs: Outputs) => ({
  tokens: ints(outputs, 'tokens'),
  segments: outputs.has('segments') ? ints(outputs, 'segments') : new Int32Array(batch * length),
  mask: outputs.has('mask') ? floats(outputs, 'mask') : new Float32Array(batch * length).fill(1),
});

function network({ pipeline, input, heads }: ReadModel, type: string, options: object) {
  const task = findTask(type);
  const head = heads.find((one) => one.task === type);
  if (input.kind !== 'tokens') throw new Error('a text model reads tokens');
  return {
    task,
    options: task.options.parse({ ...head?.options, length, ...options }),
    pipeline: withoutDropout(pipeline),
    facts: { input: { ...input, length }, ...(head?.labels && { classes: head.labels }) },
  };
}

/** RoBERTa's positions are a sum of two tables, but a gradient goes to each of them. */
function recordedGradient(name: string, { gradients, model }: Awaited<ReturnType<typeof readRecorded>>): Float32Array {
  const { data, shape } = gradients.get(name)!;
  if (name !== 'backbone/embedding/position' || !model.title.startsWith('RoBERTa')) return data;
  const features = shape[1]!;
  // The other table's row got the sum of what all positions got, and was added to each of them here.
  const total = Array.from({ length: features }, (_, feature) => {
    let sum = 0;
    for (let row = 0; row < shape[0]!; row += 1) sum += data[row * features + feature]!;
    return sum / (shape[0]! + 1);
  });
  return data.map((value, index) => value - total[index % features]!);
}

/** Gradients of every weight that the program has, against the recorded ones. */
async function expectGradients(
  program: Program,
  recorded: Awaited<ReturnType<typeof readRecorded>>,
  feeds: Parameters<Awaited<ReturnType<typeof compiled>>['gradients']>[0],
  withoutPartner: readonly string[] = [],
): Promise<void> {
  await using executable = await compiled(program, recorded.weights);
  const { outputs, gradients } = await executable.gradients(feeds);
  expect(relativeError(outputs.loss!.data, recorded.outputs.get('loss')!.data)).toBeLessThan(tolerance);
  expect([...gradients.keys()].sort()).toEqual([...program.parameters.keys()].sort());
  const compared = [...gradients.keys()].filter((name) => !withoutPartner.includes(name));
  const together = compared.map((name) => ({
    name,
    actual: gradients.get(name)!.data,
    expected: recordedGradient(name, recorded),
  }));
  const scaleOfAll = Math.sqrt(
    together.reduce((all, { expected }) => all + expected.reduce((s, x) => s + x * x, 0), 0),
  );
  for (const { name, actual, expected } of together) {
    const difference = Math.sqrt(expected.reduce((s, x, index) => s + (actual[index]! - x) ** 2, 0));
    expect(difference / scaleOfAll, name).toBeLessThan(tolerance);
  }
}

const maskedFamilies = ['bert', 'distilbert', 'roberta', 'modernbert'];

describe.each(maskedFamilies)('masked words of %s', (name) => {
  const options = { maximumPredictions: places, maskProbability: 0.5 };
  const maskedFeeds = (outputs: Outputs) => ({ ...textFeeds(outputs), maskedPositions: ints(outputs, 'places') });

  it('answers as transformers does', async () => {
    const { model, weights, outputs } = await readRecorded(name);
    const program = buildModel(network(model, 'masked-words', options), 'prediction', batch);
    await using executable = await compiled(program, weights);
    const { maskedLogits } = await executable.run(maskedFeeds(outputs));
    expect(relativeError(maskedLogits!.data, outputs.get('maskedLogits')!.data)).toBeLessThan(tolerance);
  });

  it('has the gradients of transformers', async () => {
    const recorded = await readRecorded(name);
    const program = buildModel(network(recorded.model, 'masked-words', options), 'training', batch);
    await expectGradients(program, recorded, {
      ...maskedFeeds(recorded.outputs),
      maskedLabels: ints(recorded.outputs, 'labels'),
      maskedWeights: new Float32Array(batch * places).fill(1),
    });
  });
});

describe('next sentence of bert', () => {
  it('answers as transformers does', async () => {
    const { model, weights, outputs } = await readRecorded('bert');
    const program = buildModel(network(model, 'next-sentence', {}), 'prediction', batch);
    await using executable = await compiled(program, weights);
    const { logits } = await executable.run(textFeeds(outputs));
    expect(relativeError(logits!.data, outputs.get('pairLogits')!.data)).toBeLessThan(tolerance);
  });
});

const classifiers = ['bert-classifier', 'distilbert-classifier', 'roberta-classifier', 'modernbert-classifier'];

describe.each(classifiers)('classes of %s', (name) => {
  it('answers as transformers does, with the names of its classes', async () => {
    const { model, weights, outputs } = await readRecorded(name);
    const classifier = network(model, 'text-classification', {});
    expect(classifier.facts.classes).toEqual(['bad', 'middling', 'good']);
    await using executable = await compiled(buildModel(classifier, 'prediction', batch), weights);
    const { logits } = await executable.run(textFeeds(outputs));
    expect(relativeError(logits!.data, outputs.get('logits')!.data)).toBeLessThan(tolerance);
  });

  it('has the gradients of transformers', async () => {
    const recorded = await readRecorded(name);
    const program = buildModel(network(recorded.model, 'text-classification', { dropout: 0 }), 'training', batch);
    await expectGradients(program, recorded, {
      ...textFeeds(recorded.outputs),
      labels: ints(recorded.outputs, 'labels'),
      weights: new Float32Array(batch).fill(1),
    });
  });
});

describe('next word of gpt2', () => {
  it('answers as transformers does', async () => {
    const { model, weights, outputs } = await readRecorded('gpt2');
    const program = buildModel(network(model, 'next-word', { dropout: 0 }), 'prediction', batch);
    await using executable = await compiled(program, weights);
    const vocabulary = outputs.get('logits')!.shape[2]!;
    for (const position of [0, 5, length - 1]) {
      const nextPosition = new Int32Array(batch).fill(position);
      const { nextLogits } = await executable.run({ ...textFeeds(outputs), nextPosition });
      const expected = Array.from({ length: batch }, (_, row) => {
        const start = (row * length + position) * vocabulary;
        return [...outputs.get('logits')!.data.subarray(start, start + vocabulary)];
      }).flat();
      expect(relativeError(nextLogits!.data, expected)).toBeLessThan(tolerance);
    }
  });

  it('has the gradients of transformers', async () => {
    const recorded = await readRecorded('gpt2');
    const program = buildModel(network(recorded.model, 'next-word', { dropout: 0 }), 'training', batch);
    const { tokens, ...rest } = textFeeds(recorded.outputs);
    const isScored = (index: number): boolean => index % length < length - 1; // the last token has no next one
    await expectGradients(
      program,
      recorded,
      {
        tokens,
        ...rest,
        nextLabels: Int32Array.from(tokens, (_, index) => (isScored(index) ? tokens[index + 1]! : 0)),
        nextWeights: Float32Array.from(tokens, (_, index) => Number(isScored(index))),
      },
      ['head/next-word/bias'], // GPT-2 has none
    );
  });
});

describe('a model without heads', () => {
  it('makes the vectors that transformers makes, with the same gradients', async () => {
    const recorded = await readRecorded('minilm');
    const { model, outputs } = recorded;
    if (model.input.kind !== 'tokens') throw new Error('a text model reads tokens');
    const program = createProgram('vectors');
    const context = { program, mode: 'evaluation' as const, batchSize: batch, input: { ...model.input, length } };
    const inputs = declareInputs(context);
    const { outputs: ends } = withScope(program, 'backbone', () =>
      buildPipeline(context, withoutDropout(model.pipeline), inputs),
    );
    const pooled = poolSequence(ends.sequence!, inputs.mask, 'mean');
    output(program, 'sequence', ends.sequence!);
    output(program, 'mean', pooled);
    const loss = mean(multiply(pooled, pooled), [0, 1]);
    output(program, 'loss', loss);
    appendGradients(program, loss);
    await expectGradients(program, recorded, textFeeds(outputs));
    await using executable = await compiled(program, recorded.weights);
    const made = await executable.run(textFeeds(outputs));
    expect(relativeError(made.sequence!.data, outputs.get('sequence')!.data)).toBeLessThan(tolerance);
    expect(relativeError(made.mean!.data, outputs.get('mean')!.data)).toBeLessThan(tolerance);
    expect(model.notes).toContain('3 rows of the token table belong to no token and were left out');
  });
});

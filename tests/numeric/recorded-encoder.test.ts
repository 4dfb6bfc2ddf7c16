/**
 * A whole training step of masked words on a Transformer encoder against PyTorch: loss, every gradient, and the weights
 * after three AdamW updates with clipping and decay. The values were recorded by `scripts/record-torch.py` in float64;
 * the model there is written with PyTorch's own modules.
 */
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Executable, Feeds } from '../../src/main/engines/engine.ts';
import type { OptimizerConfig } from '../../src/main/engines/optimizer.ts';
import { readSafetensors } from '../../src/main/formats/safetensors.ts';
import type { SafetensorsFile, SafetensorsTensor } from '../../src/main/formats/safetensors.ts';
import type { Program } from '../../src/main/graph/index.ts';
import { maskedWords } from '../../src/main/tasks/masked-words.ts';
import { findTask } from '../../src/main/tasks/task.ts';
import { buildModel } from '../../src/main/training/model.ts';
import type { PipelineGraph } from '../../src/shared/spec/pipeline.ts';
import { pipelineGraph } from '../../src/shared/spec/pipeline.ts';
import { engines } from './harness.ts';

type AdamW = Extract<OptimizerConfig, { type: 'adamw' }>;

interface Size {
  readonly batch: number;
  readonly length: number;
  readonly vocabulary: number;
  readonly predictions: number;
  readonly layers: number;
  readonly features: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly maximumLength: number;
}

interface Recording {
  readonly size: Size;
  readonly optimizer: AdamW & { readonly learningRate: number };
  readonly weights: ReadonlyMap<string, SafetensorsTensor>;
  readonly feeds: Feeds;
  readonly gradients: ReadonlyMap<string, SafetensorsTensor>;
  readonly updated: ReadonlyMap<string, SafetensorsTensor>;
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
}

/** Float32 arithmetic gives 4e-7. */
const tolerance = 2e-6;
/** Adam divides each gradient by its own size, so that rounding errors in small ones weigh as much as any: 3e-5. */
const updateTolerance = 1e-4;

const file = path.resolve(import.meta.dirname, '../fixtures/torch/encoder-step.safetensors');

let recording: Recording;

beforeAll(async () => {
  recording = readRecording(await readSafetensors(file));
});

function readRecording({ tensors, metadata }: SafetensorsFile): Recording {
  const group = (prefix: string): Map<string, SafetensorsTensor> =>
    new Map(
      [...tensors]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
    );
  const numbers = (name: string): readonly number[] => [...(tensors.get(name)?.data ?? [])];
  return {
    size: JSON.parse(metadata.size ?? '') as Size,
    optimizer: JSON.parse(metadata.optimizer ?? '') as Recording['optimizer'],
    weights: group('weights/'),
    feeds: Object.fromEntries([...group('feeds/')].map(([name, { data }]) => [name, data])),
    gradients: group('gradients/'),
    updated: group('updated/'),
    losses: numbers('losses'),
    gradientNorms: numbers('gradientNorms'),
  };
}

function encoderPipeline({ layers, features, heads, feedForward, maximumLength }: Size): PipelineGraph {
  return pipelineGraph.parse({
    blocks: [
      {
        id: 'embedding',
        type: 'token-embedding',
        options: { hiddenSize: features, maximumLength, dropout: 0 },
        inputs: { tokens: 'input.tokens', segments: 'input.segments' },
      },
      {
        id: 'encoder',
        type: 'transformer-encoder',
        options: { layers, heads, feedForwardSize: feedForward, dropout: 0, attentionDropout: 0 },
        inputs: { sequence: 'embedding', mask: 'input.mask' },
      },
    ],
    outputs: { sequence: 'encoder', table: 'embedding.table' },
  });
}

function buildProgram(size: Size): Program {
  const { batch, length, vocabulary, predictions } = size;
  const options = maskedWords.options.parse({ length, maskProbability: 0.5, maximumPredictions: predictions });
  const facts = { input: { kind: 'tokens', length, vocabularySize: vocabulary } } as const;
  return buildModel(
    { task: findTask(maskedWords.type), options, pipeline: encoderPipeline(size), facts },
    'training',
    batch,
  );
}

/** ‖actual − expected‖ / ‖expected‖ over all tensors as one vector. */
function relativeError(
  actual: ReadonlyMap<string, Pick<SafetensorsTensor, 'data'>>,
  expected: ReadonlyMap<string, SafetensorsTensor>,
  origin?: ReadonlyMap<string, SafetensorsTensor>,
): number {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  let difference = 0;
  let norm = 0;
  for (const [name, { data }] of expected) {
    const values = actual.get(name)!.data;
    const from = origin?.get(name)?.data;
    expect(values).toHaveLength(data.length);
    data.forEach((value, index) => {
      difference += (values[index]! - value) ** 2;
      norm += (value - (from?.[index] ?? 0)) ** 2;
    });
  }
  return Math.sqrt(difference / norm);
}

describe.each(engines)('an encoder step on $name', ({ engine, device }) => {
  let executable: Executable;

  beforeAll(async () => {
    const { size, optimizer, weights } = recording;
    executable = await engine.compile(buildProgram(size), { optimizer, device, threads: 1 });
    await executable.importState({ parameters: weights });
    return () => executable.release();
  });

  it('has the loss and the gradients that PyTorch has', async () => {
    const { outputs, gradients } = await executable.gradients(recording.feeds);
    expect(Math.abs(outputs.loss!.data[0]! - recording.losses[0]!) / recording.losses[0]!).toBeLessThan(tolerance);
    expect(relativeError(gradients, recording.gradients)).toBeLessThan(tolerance);
  });

  it('has the weights that PyTorch has after three clipped AdamW updates', async () => {
    const { optimizer, feeds, losses, gradientNorms, updated, weights } = recording;
    for (const [step, expectedLoss] of losses.entries()) {
      const { scalars, gradientNorm } = await executable.step([feeds], {
        learningRate: optimizer.learningRate,
        seed: 0,
        step,
      });
      expect(scalars.loss! / expectedLoss).toBeCloseTo(1, 5);
      expect(gradientNorm / gradientNorms[step]!).toBeCloseTo(1, 5);
    }
    const { parameters } = await executable.exportState();
    const error = relativeError(parameters, updated, weights);
    expect(error).toBeLessThan(updateTolerance);
  });
});

/** Blocks for sequences: pooling and convolution against slow versions, shapes, and what they say about wrong pipelines. */
import { describe, expect, it } from 'vitest';
import { createOnnxRuntimeEngine } from '../../../src/main/engines/onnxruntime/engine.ts';
import type { Value } from '../../../src/main/graph/index.ts';
import { createProgram, input, output } from '../../../src/main/graph/index.ts';
import type { BuildContext, PipelineInput } from '../../../src/main/nn/index.ts';
import {
  buildPipeline,
  declareInputs,
  findBlock,
  initialParameters,
  resolvePipeline,
} from '../../../src/main/nn/index.ts';
import { randomStream } from '../../../src/shared/random.ts';
import { pipelineGraph } from '../../../src/shared/spec/pipeline.ts';

const engine = createOnnxRuntimeEngine();

function contextOf(kind: PipelineInput, mode: BuildContext['mode'] = 'evaluation'): BuildContext {
  return { program: createProgram('test'), mode, batchSize: 2, input: kind };
}

const frames: PipelineInput = { kind: 'frames', length: 5, features: 3 };
const tokens: PipelineInput = { kind: 'tokens', length: 6, vocabularySize: 11 };
const mask = Float32Array.of(1, 1, 1, 0, 0, 1, 1, 1, 1, 1);

/** Runs one block on random frames and returns its inputs, weights and outputs. */
async function runBlock(type: string, options: object) {
  const context = contextOf(frames);
  const { frames: sequence, mask: given } = declareInputs(context);
  const results = findBlock(type).build(context, { sequence: sequence!, mask: given! }, options);
  // Another name than those of inputs.
  for (const [name, value] of Object.entries(results)) output(context.program, `block.${name}`, value);
  const executable = await engine.compile(context.program, { threads: 1 });
  const weights = initialParameters(context.program, 5);
  await executable.importState({ parameters: weights });
  const stream = randomStream(7);
  const x = Float32Array.from({ length: 2 * 5 * 3 }, () => stream.normal());
  const found = await executable.run({ frames: x, mask });
  await executable.release();
  const outputs = Object.fromEntries(
    Object.entries(found).map(([name, value]) => [name.replace(/^block\./, ''), value]),
  );
  return { x, weights, outputs };
}

describe('pooling', () => {
  it('takes the last real position', async () => {
    const { x, outputs } = await runBlock('sequence-pooling', { pooling: 'last' });
    expect([...outputs.vector!.data]).toEqual([...x.subarray(6, 9), ...x.subarray(27, 30)]);
  });

  it.each([
    ['first', (values: readonly number[]) => values[0]!],
    ['mean', (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length],
    ['max', (values: readonly number[]) => Math.max(...values)],
  ])('by %s reads real positions alone', async (pooling, expected) => {
    const { x, outputs } = await runBlock('sequence-pooling', { pooling });
    for (const [row, length] of [3, 5].entries()) {
      for (let feature = 0; feature < 3; feature++) {
        const values = Array.from({ length }, (_, position) => x[(row * 5 + position) * 3 + feature]!);
        expect(outputs.vector!.data[row * 3 + feature]).toBeCloseTo(expected(values), 5);
      }
    }
  });

  it('weighs real positions by attention, and padding not at all', async () => {
    const { x, weights, outputs } = await runBlock('attention-pooling', { attentionSize: 4 });
    const [rating, bias, context] = ['rating/weight', 'rating/bias', 'context'].map((name) => weights.get(name)!.data);
    for (const row of [0, 1]) {
      const at = (position: number, feature: number): number => x[(row * 5 + position) * 3 + feature]!;
      const scores = Array.from({ length: 5 }, (_, position) => {
        let score = 0;
        for (let unit = 0; unit < 4; unit++) {
          let sum = bias![unit]!;
          for (let feature = 0; feature < 3; feature++) sum += at(position, feature) * rating![feature * 4 + unit]!;
          score += Math.tanh(sum) * context![unit]!;
        }
        return mask[row * 5 + position] === 1 ? Math.exp(score) : 0;
      });
      const total = scores.reduce((sum, score) => sum + score, 0);
      scores.forEach((score, position) => {
        expect(outputs.weights!.data[row * 5 + position]).toBeCloseTo(score / total, 5);
      });
      for (let feature = 0; feature < 3; feature++) {
        const expected = scores.reduce((sum, score, position) => sum + (score / total) * at(position, feature), 0);
        expect(outputs.vector!.data[row * 3 + feature]).toBeCloseTo(expected, 5);
      }
    }
  });
});

describe('frame stacking', () => {
  it('puts neighbours side by side, with zeros at the end, and keeps groups with a real position', async () => {
    const { x, outputs } = await runBlock('frame-stacking', { frames: 2 });
    expect(outputs.sequence!.shape).toEqual([2, 3, 6]);
    const rows = [0, 1].flatMap((row) => [...x.subarray(row * 15, (row + 1) * 15), 0, 0, 0]);
    expect([...outputs.sequence!.data]).toEqual(rows);
    expect([...outputs.mask!.data]).toEqual([1, 1, 0, 1, 1, 1]);
  });
});

describe('sequence convolution', () => {
  it('filters windows around each position, padding counting as zeros', async () => {
    const { x, weights, outputs } = await runBlock('sequence-convolution', {
      kernels: [3],
      channels: 2,
      activation: 'identity',
    });
    const kernel = weights.get('window.3/kernel')!.data;
    expect(outputs.sequence!.shape).toEqual([2, 5, 2]);
    for (let index = 0; index < 20; index++) {
      const [row, position, channel] = [Math.floor(index / 10), Math.floor(index / 2) % 5, index % 2];
      let expected = 0;
      for (let offset = -1; offset <= 1; offset++) {
        const place = position + offset;
        if (place < 0 || place >= 5) continue;
        for (let feature = 0; feature < 3; feature++) {
          const value = x[(row * 5 + place) * 3 + feature]! * mask[row * 5 + place]!;
          expected += value * kernel[(channel * 3 + feature) * 3 + offset + 1]!;
        }
      }
      expect(outputs.sequence!.data[index]).toBeCloseTo(expected, 5);
    }
  });
});

describe('recurrent layers', () => {
  it('stay as they are at padding', async () => {
    const { outputs } = await runBlock('recurrent', { cell: 'gru', hiddenSize: 2 });
    const row = (position: number): number[] => [...outputs.sequence!.data.subarray(position * 2, position * 2 + 2)];
    expect(row(3)).toEqual(row(2));
    expect(row(4)).toEqual(row(2));
    expect([...outputs.state!.data.subarray(0, 2)]).toEqual(row(2));
  });

  it('start an LSTM with open forget gates', () => {
    const context = contextOf(frames);
    const { frames: sequence } = declareInputs(context);
    findBlock('recurrent').build(context, { sequence: sequence! }, { hiddenSize: 2, forgetBias: 1.5 });
    expect([...initialParameters(context.program, 0).get('layer.0/forward/bias')!.data]).toEqual([
      0, 0, 1.5, 1.5, 0, 0, 0, 0,
    ]);
  });

  it('start gates with all time scales up to the longest memory (Tallec & Ollivier 2018)', () => {
    const biasOf = (cell: string): number[] => {
      const context = contextOf(frames);
      const { frames: sequence } = declareInputs(context);
      findBlock('recurrent').build(
        context,
        { sequence: sequence! },
        { cell, hiddenSize: 4, chronoMaximumTimescale: 10 },
      );
      return [...initialParameters(context.program, 0).get('layer.0/forward/bias')!.data];
    };
    // A gate that is σ(log(t − 1)) open keeps 1 − 1/t of the cell: over t steps about 1/e. The scales 3, 5, 7, 9 are the
    // quantiles of what is drawn in the paper, uniform from 2 to the span.
    const scales = [3, 5, 7, 9];
    const lstm = biasOf('lstm');
    const kept = lstm.slice(4, 8).map((bias) => 1 / (1 + Math.exp(-bias)));
    expect(kept).toEqual(scales.map((scale) => expect.closeTo(1 - 1 / scale, 6) as number));
    expect(lstm.slice(0, 4)).toEqual(lstm.slice(4, 8).map((bias) => -bias)); // what is kept long is written rarely
    expect(lstm.slice(8)).toEqual(new Array(8).fill(0));
    expect(biasOf('gru')).toEqual([0, 0, 0, 0, ...lstm.slice(4, 8), 0, 0, 0, 0]);
  });

  it('drop values between layers while training, and nowhere else', () => {
    const dropouts = (mode: BuildContext['mode'], layers: number): readonly number[] => {
      const context = contextOf(frames, mode);
      const { frames: sequence } = declareInputs(context);
      findBlock('recurrent').build(context, { sequence: sequence! }, { hiddenSize: 2, layers, dropout: 0.5 });
      return context.program.dropoutSites.map(({ rate }) => rate);
    };
    expect([1, 2, 3].map((layers) => dropouts('training', layers))).toEqual([[], [0.5], [0.5, 0.5]]);
    expect(dropouts('evaluation', 3)).toEqual([]);
  });

  it('keep a state between training batches only where the task says what goes on', () => {
    const states = (mode: BuildContext['mode'], withCarry: boolean): readonly string[] => {
      const context = contextOf(tokens, mode);
      const inputs = declareInputs(context);
      const carry: Record<string, Value> = withCarry ? { carry: input(context.program, 'carry', 'float32', [2]) } : {};
      buildPipeline(context, resolvePipeline({ preset: 'lstm-lm', options: {} }), { ...inputs, ...carry });
      return [...context.program.assignments.keys()].map(({ name }) => name);
    };
    expect(states('training', true)).toEqual([
      'recurrent/layer.0/forward/hidden-state',
      'recurrent/layer.0/forward/cell-state',
    ]);
    expect(states('training', false)).toEqual([]);
    expect(states('evaluation', true)).toEqual([]);
  });
});

describe('a pipeline that does not fit together', () => {
  const build = (kind: PipelineInput, blocks: readonly object[], carry = false): void => {
    const context = contextOf(kind, 'training');
    const inputs: Record<string, Value> = { ...declareInputs(context) };
    if (carry) inputs.carry = input(context.program, 'carry', 'float32', [2]);
    buildPipeline(context, pipelineGraph.parse({ blocks, outputs: {} }), inputs);
  };
  const recurrentBlock = (options: object, inputs: object = { sequence: 'input.frames' }): object => ({
    id: 'layers',
    type: 'recurrent',
    options,
    inputs,
  });

  it.each([
    [
      'an input of the wrong rank',
      () => {
        build({ kind: 'image', height: 8, width: 8, channels: 1 }, [recurrentBlock({}, { sequence: 'input.image' })]);
      },
      "layers: recurrent expects [batch, length, features] for 'sequence', got [2, 1, 8, 8]",
    ],
    [
      'a misspelt input',
      () => {
        build(frames, [recurrentBlock({}, { sequence: 'input.frames', carry: 'input.cary' })]);
      },
      "layers: there is no 'input.cary' before it",
    ],
    [
      'peepholes of a GRU',
      () => {
        build(frames, [recurrentBlock({ cell: 'gru', peepholes: true })]);
      },
      "layers: peepholes belong to an LSTM; the cell is 'gru'",
    ],
    [
      'a memory span of a recurrence without gates',
      () => {
        build(frames, [recurrentBlock({ cell: 'rnn', chronoMaximumTimescale: 20 })]);
      },
      "layers: chronoMaximumTimescale sets the gates of an LSTM or a GRU; the cell is 'rnn'",
    ],
    [
      'a state to start from of the wrong size',
      () => {
        build(frames, [
          recurrentBlock({ hiddenSize: 3 }, { sequence: 'input.frames' }),
          {
            id: 'next',
            type: 'recurrent',
            options: { hiddenSize: 4 },
            inputs: { sequence: 'layers', hidden: 'layers.hidden' },
          },
        ]);
      },
      "next: 'hidden' must be [1, batch, 4], a state for each layer and direction, got [1, 2, 3]",
    ],
    [
      'a state carried on in both directions',
      () => {
        build(
          frames,
          [recurrentBlock({ bidirectional: true }, { sequence: 'input.frames', carry: 'input.carry' })],
          true,
        );
      },
      'layers: a bidirectional recurrence cannot carry its state on',
    ],
    [
      'branches of different lengths',
      () => {
        build({ kind: 'image', height: 4, width: 8, channels: 1 }, [
          { id: 'wide', type: 'columns-to-sequence', inputs: { map: 'input.image' } },
          { id: 'small', type: 'pooling', inputs: { map: 'input.image' } },
          { id: 'narrow', type: 'columns-to-sequence', inputs: { map: 'small' } },
          { id: 'both', type: 'join-sequences', inputs: { a: 'wide', b: 'narrow' } },
        ]);
      },
      'both: expects sequences of one length, got [2, 8, 4] and [2, 4, 2]',
    ],
    [
      'an unknown option',
      () => {
        build(frames, [recurrentBlock({ cells: 'gru' })]);
      },
      "layers: cells: unknown option. Did you mean 'cell'?",
    ],
  ])('%s', (_what, wrong, message) => {
    expect(wrong).toThrow(message);
  });
});

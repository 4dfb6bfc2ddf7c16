/** The gradient flow that a run records, against float64 back-propagation through a simple recurrence written out by hand. */
import { describe, expect, it } from 'vitest';
import { createOnnxRuntimeEngine } from '../../../src/main/engines/onnxruntime/engine.ts';
import { initialParameters, resolvePipeline } from '../../../src/main/nn/index.ts';
import { drawGradientFlow } from '../../../src/main/runs/gradient-flow.ts';
import { findTask } from '../../../src/main/tasks/index.ts';
import { compileGradientFlow, gradientFlowProgram } from '../../../src/main/training/gradient-flow.ts';
import type { Model } from '../../../src/main/training/model.ts';
import { buildModel } from '../../../src/main/training/model.ts';

const task = findTask('text-classification');
const [length, features, batch] = [7, 4, 2];

function modelOf(preset: string, options: object): Model {
  return {
    task,
    options: task.options.parse({ length: 8, pooling: 'last', dropout: 0 }),
    pipeline: resolvePipeline({ preset, options: { hiddenSize: features, dropout: 0, ...options } }),
    facts: { input: { kind: 'tokens', length, vocabularySize: 9 }, classes: ['a', 'b'] },
  };
}

describe('the gradient flow', () => {
  it('of a simple recurrence is that of back-propagation through time', async () => {
    const engine = createOnnxRuntimeEngine();
    const model = modelOf('rnn-classifier', { cell: 'rnn' });
    const training = buildModel(model, 'training', batch);
    const optimizer = { type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, clipNorm: 0 } as const;
    const trainer = await engine.compile(training, { optimizer, threads: 1 });
    const weights = initialParameters(training, 3);
    await trainer.importState({ parameters: weights });
    const program = gradientFlowProgram(model, batch, []);
    await using meter = await compileGradientFlow(engine, program, trainer, { threads: 1 });
    const tokens = Int32Array.from({ length: batch * length }, (_, index) => (index * 5) % 9);
    const feeds = {
      tokens,
      segments: new Int32Array(batch * length),
      mask: new Float32Array(batch * length).fill(1),
      labels: Int32Array.of(0, 1),
      weights: Float32Array.of(1, 1),
    };
    const [flow] = await meter.measure(feeds);
    expect(flow!.layer).toBe('recurrent/layer.0/forward');

    const of = (name: string): Float32Array => weights.get(name)!.data;
    const [table, gain] = [of('backbone/embedding/token'), of('backbone/embedding/normalisation/gain')];
    const [input, recurrent] = ['input-weight', 'recurrent-weight'].map((name) =>
      of(`backbone/recurrent/layer.0/forward/${name}`),
    );
    const head = of('head/text-classes/output/weight');
    const squares = new Array<number>(length).fill(0);
    const range = Array.from({ length: features }, (_, index) => index);
    for (let row = 0; row < batch; row++) {
      let state = range.map(() => 0);
      const states: number[][] = [];
      for (let step = 0; step < length; step++) {
        const vector = range.map((j) => table[tokens[row * length + step]! * features + j]!);
        const mean = vector.reduce((sum, x) => sum + x, 0) / features;
        const deviation = Math.sqrt(vector.reduce((sum, x) => sum + (x - mean) ** 2, 0) / features + 1e-12);
        const x = vector.map((value, j) => ((value - mean) / deviation) * gain[j]!);
        const before = state;
        state = range.map((j) =>
          Math.tanh(
            range.reduce(
              (sum, i) => sum + x[i]! * input![i * features + j]! + before[i]! * recurrent![i * features + j]!,
              0,
            ),
          ),
        );
        states.push(state);
      }
      const logits = [0, 1].map((label) => range.reduce((sum, i) => sum + state[i]! * head[i * 2 + label]!, 0));
      const total = Math.exp(logits[0]!) + Math.exp(logits[1]!);
      const towardsLogits = logits.map((logit, label) => (Math.exp(logit) / total - Number(label === row)) / batch);
      let towards = range.map((i) =>
        [0, 1].reduce((sum, label) => sum + towardsLogits[label]! * head[i * 2 + label]!, 0),
      );
      for (let step = length - 1; step >= 0; step--) {
        squares[step]! += towards.reduce((sum, value) => sum + value ** 2, 0);
        const inner = towards.map((value, j) => value * (1 - states[step]![j]! ** 2));
        towards = range.map((i) => range.reduce((sum, j) => sum + inner[j]! * recurrent![i * features + j]!, 0));
      }
    }
    flow!.norms.forEach((norm, step) => {
      expect(norm / Math.sqrt(squares[step]!)).toBeCloseTo(1, 4);
    });
    await trainer.release();
  });

  it('vanishes in a simple recurrence, and reaches the first of 100 steps in an LSTM with a memory that long', async () => {
    const engine = createOnnxRuntimeEngine();
    const steps = 100;
    const reach = async (options: object): Promise<number> => {
      const { facts, ...model } = modelOf('rnn-classifier', { hiddenSize: 16, ...options });
      const long = {
        ...model,
        facts: { ...facts, input: { kind: 'tokens', length: steps, vocabularySize: 9 } as const },
      };
      const training = buildModel(long, 'training', 1);
      const optimizer = { type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, clipNorm: 0 } as const;
      const trainer = await engine.compile(training, { optimizer, threads: 1 });
      await trainer.importState({ parameters: initialParameters(training, 3) });
      await using meter = await compileGradientFlow(engine, gradientFlowProgram(long, 1, []), trainer, { threads: 1 });
      const [flow] = await meter.measure({
        tokens: Int32Array.from({ length: steps }, (_, index) => (index * 5) % 9),
        segments: new Int32Array(steps),
        mask: new Float32Array(steps).fill(1),
        labels: Int32Array.of(1),
        weights: Float32Array.of(1),
      });
      await trainer.release();
      return flow!.norms[0]! / flow!.norms.at(-1)!;
    };
    expect(await reach({ cell: 'rnn' })).toBeLessThan(1e-12);
    expect(await reach({ cell: 'lstm', chronoMaximumTimescale: steps })).toBeGreaterThan(1e-5);
  });

  it('of several layers and directions has one line each', () => {
    const program = gradientFlowProgram(modelOf('bilstm-classifier', { layers: 2 }), batch, []);
    const names = [...program.outputs.keys()].filter((name) => name.startsWith('gradient-flow:'));
    expect(names.sort()).toEqual(
      [0, 1].flatMap((layer) =>
        ['backward', 'forward'].map((direction) => `gradient-flow:recurrent/layer.${String(layer)}/${direction}`),
      ),
    );
  });

  it('is refused for a network without a recurrence', () => {
    expect(() => gradientFlowProgram(modelOf('text-cnn', {}), batch, [])).toThrow(/has no recurrent layer/);
  });

  it('is drawn with a panel for each layer and a line for each recording', () => {
    const norms = [1e-8, 1e-4, 1];
    const layers = ['low', 'high'].map((layer) => ({ layer, norms }));
    const svg = drawGradientFlow({ formatVersion: 1, recordings: [0, 100].map((step) => ({ step, layers })) });
    expect(svg.match(/<polyline/g)).toHaveLength(4);
    expect(svg).toContain('>1e-8<');
    expect(svg).toContain('>step 100<');
  });
});

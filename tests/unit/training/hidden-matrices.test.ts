import { describe, expect, it } from 'vitest';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { resolvePipeline } from '../../../src/main/nn/index.ts';
import { findTask } from '../../../src/main/tasks/index.ts';
import type { TaskFacts } from '../../../src/main/tasks/task.ts';
import { hiddenMatrices } from '../../../src/main/training/hidden-matrices.ts';
import { buildModel } from '../../../src/main/training/model.ts';

function matricesOf(type: string, pipeline: unknown, facts: TaskFacts, options: object = {}) {
  const spec = { name: 'x', data: 'x', task: { type, ...options }, pipeline };
  const experiment = parseExperiment({ value: spec, locate: () => '' });
  const { type: _type, ...settings } = experiment.task;
  const model = { task: findTask(type), options: settings, pipeline: resolvePipeline(experiment.pipeline), facts };
  return hiddenMatrices(buildModel(model, 'training', 2));
}

const tokens: TaskFacts = { input: { kind: 'tokens', length: 16, vocabularySize: 50 } };

describe('hidden matrices', () => {
  it('are those that multiply features inside the backbone, not tables and heads', () => {
    const preset = { preset: 'bert-tiny', options: { layers: 1, hiddenSize: 8, heads: 2 } };
    const found = matricesOf('masked-words', preset, tokens, { length: 16 });
    const layer = 'backbone/encoder/layer.0';
    expect(Object.fromEntries(found)).toEqual({
      [`${layer}/attention/query/weight`]: { rows: 8, columns: 8, scale: 1 },
      [`${layer}/attention/key/weight`]: { rows: 8, columns: 8, scale: 1 },
      [`${layer}/attention/value/weight`]: { rows: 8, columns: 8, scale: 1 },
      [`${layer}/attention/output/weight`]: { rows: 8, columns: 8, scale: 1 },
      [`${layer}/feed-forward/inner/weight`]: { rows: 8, columns: 32, scale: 2 },
      [`${layer}/feed-forward/outer/weight`]: { rows: 32, columns: 8, scale: 1 },
    });
  });

  it('are the kernels of convolutions too, as matrices of their outputs', () => {
    const facts: TaskFacts = {
      input: { kind: 'image', height: 16, width: 16, channels: 3 },
      classes: ['a', 'b'],
    };
    const found = matricesOf('image-classification', 'patch-cnn', facts);
    const kernels = [...found].filter(([name]) => name.endsWith('/kernel'));
    expect(kernels.length).toBeGreaterThan(1);
    for (const [, { rows, columns, scale }] of kernels) {
      expect(scale).toBeCloseTo(Math.sqrt(Math.max(1, rows / columns)), 12);
    }
  });
});

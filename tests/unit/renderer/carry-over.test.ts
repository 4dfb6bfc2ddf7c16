// From one suggestion to the next: what a person set stays, what does not fit is told.
import { describe, expect, it } from 'vitest';
import { carryOver } from '../../../src/renderer/src/features/experiments/carry-over.ts';
import type { TaskInformation } from '../../../src/shared/contract/registry.ts';

const suggestion = {
  name: 'masked-words',
  task: { type: 'masked-words' },
  data: 'stories',
  pipeline: 'bert-tiny',
  training: { steps: 1000, batchSize: 32 },
};
const other = {
  name: 'rotation',
  task: { type: 'rotation' },
  data: 'photos',
  pipeline: 'resnet-mini',
  training: { steps: 1000, batchSize: 128, learningRate: 2e-3 },
};
const rotation = { options: { properties: { length: {}, validationFraction: {} } } } as unknown as TaskInformation;

const to = (spec: Record<string, unknown>, more: Partial<Parameters<typeof carryOver>[1]> = {}) =>
  carryOver(
    { spec, suggestion },
    { suggestion: other, task: rotation, fits: () => true, takesNetwork: false, ...more },
  );

describe('a draft that goes from one task to another', () => {
  it('is the new suggestion where nothing was touched', () => {
    expect(to(suggestion)).toEqual({ spec: other, dropped: { options: [] } });
  });

  it('keeps name, network, length and all that suggestions do not speak of', () => {
    const graph = { blocks: [{ id: 'own' }], outputs: {} };
    const spec = { ...suggestion, name: 'mine', notes: 'why', seed: 3, pipeline: graph, training: { steps: 50 } };
    expect(to(spec).spec).toMatchObject({
      ...{ name: 'mine', notes: 'why', seed: 3, pipeline: graph, data: 'photos' },
      training: { steps: 50, batchSize: 128, learningRate: 2e-3 },
    });
  });

  it('puts steps that were set in the place of epochs that are suggested, and the other way round', () => {
    const next = { ...other, training: { epochs: 10 } };
    const spec = { ...suggestion, training: { steps: 50, batchSize: 32 } };
    expect(to(spec, { suggestion: next }).spec.training).toEqual({ steps: 50 });
    const inEpochs = { ...suggestion, training: { epochs: 2, batchSize: 32 } };
    expect(to(inEpochs).spec.training).toEqual({ epochs: 2, batchSize: 128, learningRate: 2e-3 });
  });

  it('takes the options that both tasks have, and names the others', () => {
    const spec = { ...suggestion, task: { type: 'masked-words', length: 64, maskProbability: 0.3 } };
    const carried = to(spec);
    expect(carried.spec.task).toEqual({ type: 'rotation', length: 64 });
    expect(carried.dropped.options).toEqual(['maskProbability']);
  });

  it('leaves out a pipeline that reads something else, and says which', () => {
    const spec = { ...suggestion, pipeline: 'lstm-lm' };
    const carried = to(spec, { fits: () => false });
    expect(carried.spec.pipeline).toBe('resnet-mini');
    expect(carried.dropped.pipeline).toBe('lstm-lm');
    expect(to(spec, { takesNetwork: true }).dropped.pipeline).toBe('lstm-lm');
  });

  it('takes all of a copy for set', () => {
    const copied = carryOver(
      { spec: suggestion, suggestion: {} },
      { suggestion: other, task: rotation, fits: () => true, takesNetwork: false },
    );
    expect(copied.spec).toMatchObject({ name: 'masked-words', pipeline: 'bert-tiny', data: 'photos' });
  });
});

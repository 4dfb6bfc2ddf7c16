// What is stored for later names runs by id: a later run of the same name does not take their place.
import { describe, expect, it } from 'vitest';
import { pinReferences } from '../../../src/main/runs/pin-references.ts';

const known = [
  { id: 'words-aaaaa', name: 'words', isFinished: true, createdAt: 1 },
  { id: 'words-bbbbb', name: 'words', isFinished: true, createdAt: 2 },
  { id: 'words-ccccc', name: 'words', isFinished: false, createdAt: 3 },
];

describe('references by id', () => {
  it('are the latest finished run of a name, in experiments and in the settings of a study', () => {
    const study = {
      experiment: { from: { run: 'words', checkpoint: 'last' }, tokenizer: { run: 'words' } },
      arms: [{ name: 'pretrained', settings: { 'from.run': 'words' } }, { name: 'scratch' }],
      conditions: [{ settings: { 'evaluation.leaksAgainst': ['words'] } }],
    };
    expect(pinReferences(study, known)).toEqual({
      experiment: { from: { run: 'words-bbbbb', checkpoint: 'last' }, tokenizer: { run: 'words-bbbbb' } },
      arms: [{ name: 'pretrained', settings: { 'from.run': 'words-bbbbb' } }, { name: 'scratch' }],
      conditions: [{ settings: { 'evaluation.leaksAgainst': ['words-bbbbb'] } }],
    });
  });

  it('are the same in the lists of a sweep', () => {
    const sweep = { sweep: { fields: { 'from.run': ['words', 'words-aaaaa'] } } };
    expect(pinReferences(sweep, known)).toEqual({ sweep: { fields: { 'from.run': ['words-bbbbb', 'words-aaaaa'] } } });
  });

  it('stay where they are ids, of models or of nothing that is known', () => {
    const spec = { name: 'words', from: { run: 'words-aaaaa' }, tokenizer: { corpus: 'words' }, data: 'words' };
    expect(pinReferences(spec, known)).toEqual(spec);
    expect(pinReferences({ from: { run: 'others' } }, known)).toEqual({ from: { run: 'others' } });
  });
});

// Suggested experiments can be queued as they are: the network fits the task and the data.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { suggestExperiment } from '../../../src/main/runs/suggest-experiment.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { planOf } from '../../../src/main/work/plan.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace } from '../../tiny-workspace.ts';

describe('suggested experiments', () => {
  let tiny: TinyWorkspace;

  beforeAll(async () => {
    tiny = await createTinyWorkspace();
  });

  afterAll(async () => {
    await tiny.remove();
  });

  it.each(['masked-words', 'next-word'])('of %s has a network that the task can be learned with', async (type) => {
    const spec = suggestExperiment(type, 'tiny', 'text-corpus', undefined, undefined);
    const context = { workspace: tiny.workspace, signal: new AbortController().signal, progress: () => undefined };
    const short = { ...spec, task: { type, length: 8, validationFraction: 0.25 } }; // the corpus is small
    const plan = await planOf(context, { spec: parseExperiment(parseSpecText(JSON.stringify(short), 'suggested')) }); // throws what is wrong
    expect(plan.input.kind).toBe('tokens');
  });

  it('takes another network for another kind of data', () => {
    const pipelineFor = (kind: string) => suggestExperiment('transcription', 'x', kind, undefined, undefined).pipeline;
    expect([pipelineFor('image-dataset'), pipelineFor('audio-dataset')]).toEqual(['crnn', 'speech-lstm']);
  });
});

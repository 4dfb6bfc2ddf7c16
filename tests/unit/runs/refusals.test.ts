// What a person is told who made a mistake in a spec or a pipeline: where it is, what is wrong, and what to do.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describePipeline } from '../../../src/main/runs/describe-pipeline.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { parsePipelineText } from '../../../src/main/runs/pipeline-text.ts';
import { summarisePipeline } from '../../../src/main/runs/summarise-pipeline.ts';
import { planOf } from '../../../src/main/work/plan.ts';
import type { PipelineInput } from '../../../src/main/nn/index.ts';
import { pipelineGraph } from '../../../src/shared/spec/pipeline.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyExperiment } from '../../tiny-workspace.ts';

const text: PipelineInput = { kind: 'tokens', length: 16, vocabularySize: 100 };
const image: PipelineInput = { kind: 'image', height: 8, width: 8, channels: 1 };

const embedding = (inputs: object = { tokens: 'input.tokens' }, options: object = { hiddenSize: 8 }) => ({
  id: 'embedding',
  type: 'token-embedding',
  inputs,
  options,
});
const encoder = (sequence: string, options: object = { heads: 2 }) => ({
  id: 'encoder',
  type: 'transformer-encoder',
  inputs: { sequence },
  options,
});
const pooling = (id: string, map: string) => ({ id, type: 'pooling', inputs: { map } });

describe('a pipeline with a mistake', () => {
  it.each([
    [
      'a misspelt block',
      [embedding(), encoder('embeding')],
      "encoder: there is no 'embeding' before it. Did you mean 'embedding'?",
    ],
    [
      'an input without its family',
      [embedding({ tokens: 'tokens' })],
      "embedding: there is no 'tokens' before it. Did you mean 'input.tokens'?",
    ],
    [
      'an input of other data',
      [pooling('small', 'input.image')],
      "small: there is no 'input.image' before it: the data is text, which gives input.tokens, input.segments, input.mask",
    ],
    [
      'a port that is not there',
      [embedding(), encoder('embedding.vectors')],
      "encoder: there is no 'embedding.vectors' before it. It gives: embedding.sequence, embedding.table",
    ],
    [
      'a circle',
      [embedding(), encoder('second'), { ...encoder('encoder'), id: 'second' }],
      "encoder: there is no 'second' before it: 'second' comes later, and a block reads only what is above it",
    ],
    [
      'something that is nowhere',
      [embedding(), encoder('somewhere')],
      "encoder: there is no 'somewhere' before it. There is: input.tokens, input.segments, input.mask, embedding",
    ],
    [
      'a mask in place of tokens',
      [embedding({ tokens: 'input.mask' })],
      "embedding: token-embedding looks up whole numbers for 'tokens', such as input.tokens; this is something computed or a mask",
    ],
    [
      'tokens in place of a mask',
      [embedding(), { ...encoder('embedding'), inputs: { sequence: 'embedding', mask: 'input.tokens' } }],
      "encoder: transformer-encoder computes with 'mask', and ids of tokens are names, not amounts: a token-embedding makes vectors of them",
    ],
    [
      'tokens in place of vectors',
      [encoder('input.tokens')],
      "encoder: transformer-encoder expects [batch, length, features] for 'sequence', got [1, 16]. Put a token-embedding between them",
    ],
    [
      'heads that do not come out even',
      [embedding(), encoder('embedding', { heads: 3 })],
      'encoder: 8 features cannot be divided among 3 heads: make the hidden size a multiple of heads',
    ],
    [
      'too few positions',
      [embedding(undefined, { hiddenSize: 8, maximumLength: 4 })],
      'embedding: the input has 16 tokens, but maximumLength is 4. Set it to 16 or more, or shorten the input (task.length)',
    ],
    [
      'an option out of bounds',
      [embedding(undefined, { hiddenSize: -3, dropout: 2 })],
      'embedding: hiddenSize: should be above 0, not -3; dropout: should be at most 0.9, not 2',
    ],
  ])('is told of %s', (_name, blocks, message) => {
    const graph = pipelineGraph.parse({ blocks, outputs: {} });
    expect(() => describePipeline(graph, text)).toThrow(expect.objectContaining({ message }));
    // The editor shows the same words at the block.
    const [block = '', ...rest] = message.split(': ');
    const { blocks: drawn } = summarisePipeline(graph, text);
    expect(drawn.find(({ id }) => id === block)?.problem).toBe(rest.join(': '));
  });

  it('is told which block shrinks an image to nothing, and not where in the program', () => {
    const blocks = ['a', 'b', 'c', 'd'].map((id, index, all) =>
      pooling(id, index === 0 ? 'input.image' : all[index - 1]!),
    );
    expect(() => describePipeline(pipelineGraph.parse({ blocks, outputs: {} }), image)).toThrow(
      /^d: maximum-pooling: a window of 2 does not fit into 1 with its padding: let less shrink it before/,
    );
  });

  it('is told what lies between an image and a vector', () => {
    const blocks = [{ id: 'classes', type: 'dense', inputs: { vector: 'input.image' }, options: { features: 3 } }];
    expect(() => describePipeline(pipelineGraph.parse({ blocks, outputs: {} }), image)).toThrow(
      /got \[1, 1, 8, 8\]\. Put a global-pooling or a flatten between them/,
    );
  });
});

describe('a pipeline as text', () => {
  it.each([
    [
      'blocks: [',
      { path: [], line: 1, message: expect.stringMatching(/^flow sequence in block collection.*“blocks: \[”$/) },
    ],
    [
      'blocks:\n  - id: first\n    type: dense\n    option: {}\noutputs: {}',
      { path: ['blocks', 0, 'option'], line: 4, message: "unknown option. Did you mean 'options'? (block 'first')" },
    ],
    [
      '{"blocks": [{"id": "first",\n "type": 3}], "outputs": {}}',
      { path: ['blocks', 0, 'type'], line: 2, message: "should be a string, not 3 (block 'first')" },
    ],
    [
      '{"blocks": [{"id": "first',
      { path: [], line: 1, message: 'missing closing quote ": “{"blocks": [{"id": "first”' },
    ],
    ['{"blocks": []}', { path: ['blocks'], line: 1, message: 'needs at least one entry' }],
  ])('is told where: %s', (source, problem) => {
    const { graph, problems } = parsePipelineText(source);
    expect(graph).toBeNull();
    expect(problems[0]).toEqual(problem);
  });

  it('is a graph when nothing is wrong', () => {
    const graph = pipelineGraph.parse({ blocks: [embedding()], outputs: { sequence: 'embedding' } });
    expect(parsePipelineText(JSON.stringify(graph))).toEqual({ graph, problems: [] });
  });
});

describe('an experiment with a mistake', () => {
  let tiny: TinyWorkspace;
  beforeAll(async () => {
    tiny = await createTinyWorkspace();
  });
  afterAll(async () => {
    await tiny.remove();
  });

  const planned = (changes: object) =>
    planOf(
      { workspace: tiny.workspace, signal: new AbortController().signal, progress: () => undefined },
      { spec: { ...tinyExperiment(), ...changes } },
    );

  it.each([
    [{ data: 'tinny' }, "There is no corpus 'tinny'. Did you mean 'tiny'?"],
    [
      { task: { type: 'text-classification' }, tokenizer: { corpus: 'tiny' } },
      "data: text-classification needs a text-dataset, and 'tiny' is a text-corpus. There is none yet",
    ],
    [
      { task: { type: 'transcription' } },
      "data: transcription needs an image-dataset or an audio-dataset, and 'tiny' is a text-corpus. There is none yet",
    ],
    [
      { pipeline: { preset: 'resnet-mini', options: {} } },
      /^pipeline: resnet-mini reads images, and 'tiny' is text\. Pipelines for it: bert-tiny, /,
    ],
    [{ freeze: ['backbone', 'head'] }, 'freeze: nothing is left to train. Leave at least the head free'],
    [
      { training: { ...tinyExperiment().training, gradientFlow: true } },
      'training.gradientFlow: the pipeline has no recurrent layer that is trained',
    ],
    [
      { pipeline: { blocks: [embedding()], outputs: { vector: 'embedding' } } },
      /^pipeline: masked-words builds on an output 'sequence', and this pipeline has 'vector'\. Name the block/,
    ],
    [
      { pipeline: { blocks: [embedding()], outputs: {} } },
      /^pipeline: masked-words builds on an output 'sequence', and this pipeline has none\./,
    ],
  ])('is told of %o', async (changes, message) => {
    await expect(planned(changes)).rejects.toThrow(message);
  });

  it.each([
    [{ training: { learningRate: 0 } }, 'training.learningRate: should be above 0, not 0'],
    [{ training: { earlyStopping: { patience: 1, minimumDelta: -1 } } }, 'minimumDelta: should be at least 0, not -1'],
    [
      { pipeline: { preset: 'bert-tiny', options: { dropout: 2 } } },
      'pipeline.options.dropout: should be at most 0.9, not 2',
    ],
    [{ pipeline: { blocks: [], outputs: {} } }, 'pipeline.blocks: needs at least one entry'],
    [{ data: '' }, 'data: needs at least one character'],
    [{ training: { steps: 2.5 } }, 'training.steps: should be a whole number, not 2.5'],
  ])('is told of the bounds of %o', (changes, message) => {
    const value = { name: 'x', task: 'masked-words', data: 'tiny', pipeline: 'bert-tiny', ...changes };
    expect(() => parseExperiment({ value, locate: () => 'x.yaml' })).toThrow(message);
  });
});

describe('a spec that would come to nothing', () => {
  it('is refused when it freezes what was never trained', () => {
    expect(() => tinyExperiment('freeze: [backbone]')).toThrow(/freeze.*'from'/s);
  });
});

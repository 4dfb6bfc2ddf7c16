// What a click puts right in a graph: nothing at the output, an input left open, a sequence where a vector is wanted.
import { beforeAll, describe, expect, it } from 'vitest';
import { registryHandlers } from '../../../src/main/rpc/features/registry.ts';
import { summarisePipeline } from '../../../src/main/runs/summarise-pipeline.ts';
import type { Graph } from '../../../src/renderer/src/features/pipelines/graph-editing.ts';
import { addBlock } from '../../../src/renderer/src/features/pipelines/graph-editing.ts';
import type { Surroundings } from '../../../src/renderer/src/features/pipelines/mends.ts';
import { mendOf } from '../../../src/renderer/src/features/pipelines/mends.ts';

const tokens = { kind: 'tokens', length: 8, vocabularySize: 50 } as const;
const image = { kind: 'image', height: 8, width: 8, channels: 3 } as const;
let blocks: Surroundings['blocks'];
let ports: Readonly<Record<string, Surroundings['inputs']>>;

beforeAll(async () => {
  const context = { signal: new AbortController().signal, progress: () => undefined };
  const handlers = registryHandlers();
  blocks = new Map((await handlers.blocks({}, context)).map((block) => [block.type, block]));
  ports = await handlers.inputs({}, context);
});

function mended(graph: Graph, input: typeof tokens | typeof image) {
  const summary = summarisePipeline(graph, input);
  const around = { blocks, inputs: ports[input.kind]!, summary };
  expect(summary.valid).toBe(false);
  const mend = mendOf(summary.problems[0]!, graph, around);
  return { title: mend?.title, valid: mend && summarisePipeline(mend.graph, input).valid, graph: mend?.graph };
}

const embedding = { id: 'words', type: 'token-embedding', options: {}, inputs: { tokens: 'input.tokens' } };

describe('a problem of a pipeline', () => {
  it('that nothing leads to the output is mended by the last block, under the name of its shape', () => {
    const graph = { blocks: [embedding], outputs: {} };
    const { title, valid, graph: whole } = mended(graph, tokens);
    expect([title, valid]).toEqual(['Connect words to the output', true]);
    expect(whole?.outputs).toEqual({ sequence: 'words' });
  });

  it('that a sequence comes where a vector is wanted is mended by a pooling block, with its mask', () => {
    const dense = { id: 'top', type: 'dense', options: {}, inputs: { vector: 'words' } };
    const { title, valid, graph } = mended({ blocks: [embedding, dense], outputs: { vector: 'top' } }, tokens);
    expect([title, valid]).toEqual(['Insert a pooling block', true]);
    expect(graph?.blocks.map(({ id, inputs }) => [id, inputs])).toEqual([
      ['words', { tokens: 'input.tokens' }],
      ['sequence-pooling', { sequence: 'words', mask: 'input.mask' }],
      ['top', { vector: 'sequence-pooling' }],
    ]);
  });

  it('that a map comes where a vector is wanted is mended by a flatten block', () => {
    const conv = { id: 'conv', type: 'convolution', options: { channels: 2 }, inputs: { image: 'input.image' } };
    const dense = { id: 'top', type: 'dense', options: {}, inputs: { vector: 'conv' } };
    const { title, valid } = mended({ blocks: [conv, dense], outputs: { vector: 'top' } }, image);
    expect([title, valid]).toEqual(['Insert a flatten block', true]);
  });

  it('that an input is open is mended from the pipeline’s own, or from the block before', () => {
    const open = { ...embedding, inputs: {} };
    expect(mended({ blocks: [open], outputs: { sequence: 'words' } }, tokens)).toMatchObject({
      title: 'Connect input.tokens to tokens',
      valid: true,
    });
    const encoder = { id: 'encoder', type: 'transformer-encoder', options: { layers: 1, heads: 2 }, inputs: {} };
    expect(mended({ blocks: [embedding, encoder], outputs: { sequence: 'encoder' } }, tokens)).toMatchObject({
      title: 'Connect words to sequence',
      valid: true,
    });
  });
});

describe('a block that is added', () => {
  it('reads all of the pipeline’s own inputs that it has ports for', () => {
    const graph = { blocks: [embedding], outputs: {} };
    const { graph: more } = addBlock(graph, blocks.get('transformer-encoder')!, {
      after: 'words',
      inputs: ports.tokens!,
    });
    expect(more.blocks[1]?.inputs).toEqual({ sequence: 'words', mask: 'input.mask' });
  });
});

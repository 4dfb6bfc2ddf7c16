// Changes of a pipeline's graph: connections, circles, names, order, and the way back.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHistory } from '../../../src/renderer/src/composables/history.ts';
import type { Graph } from '../../../src/renderer/src/features/pipelines/graph-editing.ts';
import {
  addBlock,
  closesCircle,
  connect,
  endpointText,
  freshId,
  linksOf,
  parseEndpoint,
  removeBlocks,
  renameBlock,
} from '../../../src/renderer/src/features/pipelines/graph-editing.ts';
import { layOut } from '../../../src/renderer/src/features/pipelines/layout.ts';

const graph: Graph = {
  blocks: [
    { id: 'embedding', type: 'token-embedding', options: {}, inputs: { tokens: 'input.tokens' } },
    { id: 'lstm', type: 'recurrent', options: {}, inputs: { sequence: 'embedding' } },
    { id: 'dense', type: 'dense', options: {}, inputs: { input: 'lstm.state' } },
  ],
  outputs: { sequence: 'lstm', vector: 'dense' },
};

describe('graph editing', () => {
  it('reads and writes endpoints; the first output of a block goes without its name', () => {
    expect(parseEndpoint('lstm.state')).toEqual({ block: 'lstm', port: 'state' });
    expect(endpointText({ block: 'lstm', port: 'sequence' }, ['sequence', 'state'])).toBe('lstm');
    expect(endpointText({ block: 'lstm', port: 'state' }, ['sequence', 'state'])).toBe('lstm.state');
    expect(endpointText({ block: 'input', port: 'tokens' }, ['tokens'])).toBe('input.tokens');
  });

  it('refuses circles, direct and through others', () => {
    expect(closesCircle(graph, 'dense', 'embedding')).toBe(true);
    expect(closesCircle(graph, 'lstm', 'lstm')).toBe(true);
    expect(closesCircle(graph, 'embedding', 'dense')).toBe(false);
    expect(closesCircle(graph, 'input', 'dense')).toBe(false);
  });

  it('renames a block wherever it is named', () => {
    const renamed = renameBlock(graph, 'lstm', 'memory');
    expect(renamed.blocks[2]?.inputs).toEqual({ input: 'memory.state' });
    expect(renamed.outputs).toEqual({ sequence: 'memory', vector: 'dense' });
  });

  it('removes blocks with all connections to them', () => {
    const rest = removeBlocks(graph, new Set(['lstm']));
    expect(rest.blocks.map(({ id }) => id)).toEqual(['embedding', 'dense']);
    expect(rest.blocks[1]?.inputs).toEqual({});
    expect(rest.outputs).toEqual({ vector: 'dense' });
  });

  it('numbers blocks of the same type, and connects a new one to the block before it', () => {
    const dense = { type: 'dense', inputs: [{ name: 'input', summary: '', axes: [], optional: false }] };
    expect(freshId(graph, 'input')).toBe('input-2');
    const { graph: more, id } = addBlock(graph, dense, { after: 'dense' });
    expect(id).toBe('dense-2');
    expect(more.blocks.at(-1)).toMatchObject({ id: 'dense-2', inputs: { input: 'dense' } });
  });

  it('keeps blocks behind those they need', () => {
    const { graph: more } = addBlock(graph, { type: 'norm', inputs: [] });
    const wired = connect(
      connect(more, { block: 'norm', port: 'input' }, 'embedding'),
      { block: 'lstm', port: 'sequence' },
      'norm',
    );
    expect(wired.blocks.map(({ id }) => id)).toEqual(['embedding', 'norm', 'lstm', 'dense']);
    expect(connect(wired, { block: 'output', port: 'vector' }, undefined).outputs).toEqual({ sequence: 'lstm' });
  });

  it('lays every block below all that it needs, and none onto another', () => {
    const chains = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(chains, (needs) => {
        const random: Graph = {
          blocks: needs.map((earlier, index) => ({
            id: `b${index}`,
            type: 'x',
            options: {},
            inputs: Object.fromEntries(
              earlier.map((number, port) => [`p${port}`, index === 0 ? 'input.tokens' : `b${number % index}`]),
            ),
          })),
          outputs: { sequence: `b${needs.length - 1}` },
        };
        const places = layOut(random);
        for (const { from, to } of linksOf(random)) {
          expect(places.get(to.block)!.y).toBeGreaterThan(places.get(from.block)!.y);
        }
        const taken = [...places.values()].map(({ x, y }) => `${x} ${y}`);
        expect(new Set(taken).size).toBe(taken.length);
      }),
    );
  });
});

describe('history', () => {
  it('goes back and forth, and forgets what was undone when something else is done', () => {
    let history = createHistory('a').record('b').record('c').undo();
    expect([history.present, history.future.length]).toEqual(['b', 1]);
    history = history.redo();
    expect(history.present).toBe('c');
    history = history.undo().record('d');
    expect([history.present, history.future]).toEqual(['d', []]);
    expect(history.undo().undo().undo().present).toBe('a');
  });

  it('joins changes of one control, but not across an undo or another control', () => {
    const typed = createHistory('').record('a', 'name').record('ab', 'name').record('abc', 'name');
    expect([typed.past.length, typed.undo().present]).toEqual([1, '']);
    expect(typed.record('x', 'notes').past.length).toBe(2);
    expect(typed.undo().record('b', 'name').past.length).toBe(1);
    expect(typed.record('abc', 'name')).toBe(typed);
  });
});

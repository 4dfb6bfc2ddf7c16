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
  inputKindOf,
  linksOf,
  parseEndpoint,
  problemPlace,
  removeBlocks,
  renameBlock,
} from '../../../src/renderer/src/features/pipelines/graph-editing.ts';
import { detourOf, detourPath } from '../../../src/renderer/src/features/pipelines/detours.ts';
import { blockHeight, blockWidth, layOut, withPlaces } from '../../../src/renderer/src/features/pipelines/layout.ts';
import { flopText } from '../../../src/renderer/src/features/pipelines/numbers.ts';

const graph: Graph = {
  blocks: [
    { id: 'embedding', type: 'token-embedding', options: {}, inputs: { tokens: 'input.tokens' } },
    { id: 'lstm', type: 'recurrent', options: {}, inputs: { sequence: 'embedding' } },
    { id: 'dense', type: 'dense', options: {}, inputs: { input: 'lstm.state' } },
  ],
  outputs: { sequence: 'lstm', vector: 'dense' },
};

describe('the place of a problem', () => {
  it('names a block, not its number, as far as there is one', () => {
    expect(problemPlace(graph, ['blocks', 1])).toBe('lstm');
    expect(problemPlace(graph, ['blocks', 1, 'options', 'layers'])).toBe('lstm.options.layers');
    expect(problemPlace(graph, ['blocks', 7, 'type'])).toBe('blocks[7].type');
    expect(problemPlace(graph, ['outputs', 'vector'])).toBe('outputs.vector');
  });
});

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

  it('leaves every block where it is drawn when another one gets a place of its own', () => {
    const before = layOut(graph);
    const { graph: more, id } = addBlock(
      withPlaces(graph),
      { type: 'dense', inputs: [] },
      { position: { x: -500, y: 900 } },
    );
    const after = layOut(more);
    for (const name of ['input', 'embedding', 'lstm', 'dense']) expect(after.get(name), name).toEqual(before.get(name));
    expect(after.get(id)).toEqual({ x: -500, y: 900 });
    expect(after.get('output')!.y).toBeGreaterThan(900); // below all
  });

  it('leads connections around the blocks in their way, and only those', () => {
    const skipping = connect(graph, { block: 'dense', port: 'mask' }, 'input.mask');
    const places = layOut(skipping);
    const placeOf = (id: string) => places.get(id)!;
    expect(detourOf(placeOf, skipping, { from: 'embedding', to: 'lstm' })).toBeUndefined();
    const x = detourOf(placeOf, skipping, { from: 'input', to: 'dense' })!;
    for (const id of ['embedding', 'lstm']) {
      const left = placeOf(id).x;
      expect(x < left || x > left + blockWidth, id).toBe(true);
    }
    const path = detourPath({ x: 10, y: blockHeight }, { x: 20, y: 400 }, x);
    expect(path.startsWith(`M 10,${blockHeight} `)).toBe(true);
    expect(path.endsWith(' 20,400')).toBe(true);
    expect(path).toContain(` L ${x},`);
  });

  it('knows from its ports which input a graph is for', () => {
    const ports = { image: [{ name: 'image' }], tokens: [{ name: 'tokens' }, { name: 'mask' }] };
    expect(inputKindOf(graph, ports, 'image')).toBe('tokens');
    expect(inputKindOf({ blocks: [], outputs: {} }, ports, 'image')).toBe('image');
  });

  it('writes amounts of arithmetic with a space before the unit', () => {
    expect([0, 9999, 120e6].map(flopText)).toEqual(['0 FLOP', '9999 FLOP', '120 MFLOP']);
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

/** Places for blocks, where they have none of their own: each below all that it needs, those of one depth side by side, close to what they are connected with. */
import type { Graph } from './graph-editing.ts';
import { inputId, linksOf, outputId } from './graph-editing.ts';

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Of a block as it is drawn; its height depends on what it has to say. */
export const blockWidth = 216;
export const blockHeight = 96;
const columnWidth = 262;
const rowHeight = 142;

export function layOut(graph: Graph): ReadonlyMap<string, Place> {
  const links = linksOf(graph);
  const ids = [inputId, ...graph.blocks.map(({ id }) => id), outputId];
  const depths = new Map(ids.map((id) => [id, id === inputId ? 0 : 1]));
  // As often as there are blocks is enough for the longest chain, and ends with a circle as well.
  for (const _round of ids) {
    for (const { from, to } of links) {
      depths.set(
        to.block,
        Math.min(ids.length, Math.max(depths.get(to.block) ?? 1, (depths.get(from.block) ?? 0) + 1)),
      );
    }
  }
  const deepest = Math.max(0, ...ids.filter((id) => id !== outputId).map((id) => depths.get(id) ?? 1));
  depths.set(outputId, deepest + 1);
  const places = new Map<string, Place>(
    graph.blocks.flatMap(({ id, position }) => (position === undefined ? [] : [[id, position] as const])),
  );
  for (let depth = 0; depth <= deepest + 1; depth += 1) {
    const row = ids
      .filter((id) => (depths.get(id) ?? 1) === depth && !places.has(id))
      .map((id) => ({
        id,
        above: Math.max((depth - 1) * rowHeight, ...(id === outputId ? [...places.values()] : []).map(({ y }) => y)),
        wish: meanOf(links.filter(({ to }) => to.block === id).flatMap(({ from }) => places.get(from.block)?.x ?? [])),
      }))
      .toSorted((one, other) => one.wish - other.wish);
    const middle = meanOf(row.map(({ wish }) => wish));
    row.forEach(({ id, above }, index) => {
      places.set(id, { x: middle + (index - (row.length - 1) / 2) * columnWidth, y: above + rowHeight });
    });
  }
  return places;
}

/** The same graph with every block where it is drawn, so that a change of one block moves no other. */
export function withPlaces(graph: Graph): Graph {
  const places = layOut(graph);
  return {
    ...graph,
    blocks: graph.blocks.map((block) => {
      const { x, y } = places.get(block.id) ?? { x: 0, y: 0 };
      return { ...block, position: { x: Math.round(x), y: Math.round(y) } };
    }),
  };
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Connections that would run behind blocks go around them: a mask that skips an embedding, a table that goes from the first
 * block to the outputs.
 */
import type { Graph } from './graph-editing.ts';
import { inputId, outputId } from './graph-editing.ts';
import type { Place } from './layout.ts';
import { blockHeight, blockWidth } from './layout.ts';

const clearance = 22;
/** How far from its ports a detour runs as a curve. */
const reach = 46;

/** Where a connection runs down beside the blocks in its way; undefined if none is. */
export function detourOf(
  placeOf: (id: string) => Place,
  { blocks }: Graph,
  { from, to }: { readonly from: string; readonly to: string },
): number | undefined {
  const source = placeOf(from);
  const target = placeOf(to);
  const top = source.y + blockHeight;
  const between = [inputId, ...blocks.map(({ id }) => id), outputId]
    .filter((id) => id !== from && id !== to)
    .map(placeOf)
    .filter(({ y }) => y + blockHeight > top + 4 && y < target.y - 4);
  const left = Math.min(source.x, target.x);
  const right = Math.max(source.x, target.x) + blockWidth;
  const inTheWay = between.filter(({ x }) => x < right && x + blockWidth > left);
  if (inTheWay.length === 0) return undefined;
  const rightSide = Math.max(right, ...inTheWay.map(({ x }) => x + blockWidth)) + clearance;
  const leftSide = Math.min(left, ...inTheWay.map(({ x }) => x)) - clearance;
  // The shorter way, and to the right if both are.
  const middle = (source.x + target.x + blockWidth) / 2;
  return rightSide - middle <= middle - leftSide ? rightSide : leftSide;
}

/** Down from one port, along `x`, and into the other. */
export function detourPath(source: Place, target: Place, x: number): string {
  const turn = Math.min(reach, Math.max(8, (target.y - source.y) / 2));
  const begin = source.y + turn;
  const end = target.y - turn;
  return [
    `M ${source.x},${source.y}`,
    `C ${source.x},${source.y + turn * 0.7} ${x},${begin - turn * 0.7} ${x},${begin}`,
    `L ${x},${end}`,
    `C ${x},${end + turn * 0.7} ${target.x},${target.y - turn * 0.7} ${target.x},${target.y}`,
  ].join(' ');
}

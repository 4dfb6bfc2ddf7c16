/**
 * How large the indices may be that a program is fed. The processor refuses what lies outside of a table; a graphics card reads
 * something else without a word.
 */
import { LabError } from '../../../shared/errors.ts';
import type { ConstantData, Program, Value } from '../../graph/program.ts';
import { sizeAt } from '../../graph/shape.ts';

/** Ops whose result has the elements of their first input, and no others. */
const rearranging = new Set(['reshape', 'slice', 'transpose', 'stop-gradient', 'broadcast']);

/** Rows of the smallest table that each input is an index of. */
export function indexLimits(program: Program): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const { op, inputs } of program.nodes) {
    const [table, indices] = inputs;
    if (op.name !== 'gather' || !table || !indices) continue;
    const name = inputBehind(indices);
    if (name !== undefined) limits.set(name, Math.min(limits.get(name) ?? Infinity, sizeAt(table.shape, 0)));
  }
  return limits;
}

function inputBehind({ source }: Value): string | undefined {
  if (source.kind === 'input') return source.name;
  if (source.kind !== 'node' || !rearranging.has(source.node.op.name)) return undefined;
  const [first] = source.node.inputs;
  return first && inputBehind(first);
}

/** Throws `LabError('engine-failed')`, as the processor does. */
export function requireIndices(name: string, data: ConstantData, rows: number): void {
  const outside = data.findIndex((index) => index < 0 || index >= rows);
  if (outside < 0) return;
  throw new LabError(
    'engine-failed',
    `the input '${name}' asks for row ${String(data[outside])} of ${String(rows)}: the data was encoded for another vocabulary`,
  );
}

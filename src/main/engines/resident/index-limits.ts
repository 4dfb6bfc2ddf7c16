/**
 * How large the indices may be that a program is fed. The processor refuses what lies outside of a table; a graphics card reads
 * something else without a word.
 */
import { LabError } from '../../../shared/errors.ts';
import type { ConstantData, Program, Value } from '../../graph/program.ts';
import { sizeAt } from '../../graph/shape.ts';

/** Ops whose result has the elements of their first input, and no others. */
const rearranging = new Set(['reshape', 'slice', 'transpose', 'stop-gradient', 'broadcast']);

/** By the op: which of its inputs has the places, and along which axis of which input they are. */
const readers: Readonly<Record<string, { readonly places: number; readonly of: number; readonly axis: number }>> = {
  gather: { places: 1, of: 0, axis: 0 },
  'batch-gather': { places: 1, of: 0, axis: 1 },
  pick: { places: 1, of: 0, axis: 1 },
  'add-at': { places: 1, of: 0, axis: 1 },
  'softmax-cross-entropy': { places: 1, of: 0, axis: 1 },
  'linear-cross-entropy': { places: 3, of: 1, axis: 0 },
};

/** How many places there are, of the least where several ops read them, for each input that holds places. */
export function indexLimits(program: Program): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const { op, inputs } of program.nodes) {
    const reader = readers[op.name];
    if (!reader) continue;
    const [indices, table] = [inputs[reader.places], inputs[reader.of]];
    const name = indices && inputBehind(indices);
    if (name === undefined || !table) continue;
    limits.set(name, Math.min(limits.get(name) ?? Infinity, sizeAt(table.shape, reader.axis)));
  }
  return limits;
}

function inputBehind({ source }: Value): string | undefined {
  if (source.kind === 'input') return source.name;
  if (source.kind !== 'node' || !rearranging.has(source.node.op.name)) return undefined;
  const [first] = source.node.inputs;
  return first && inputBehind(first);
}

/** Throws `LabError('engine-failed')`, as the processor does; it counts negative ones from the end. */
export function requireIndices(name: string, data: ConstantData, places: number): void {
  const outside = data.findIndex((index) => index < -places || index >= places);
  if (outside < 0) return;
  throw new LabError(
    'engine-failed',
    `the input '${name}' asks for place ${String(data[outside])} of ${String(places)}: is the data of another vocabulary, or of more classes?`,
  );
}

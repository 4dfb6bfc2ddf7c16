/**
 * Which weights are hidden matrices: those of the backbone that do nothing but multiply features. Tables that are looked up,
 * tables of positions and weights that are tied to an output layer are none, nor is anything of a head (K. Jordan 2024). The
 * stacked gates of recurrent layers are left out as well: they are several matrices in one.
 */
import type { MatrixFactor } from '../engines/orthogonalise.ts';
import type { Node, Program } from '../graph/program.ts';
import { elementCount } from '../graph/shape.ts';
import { isUnder } from './model.ts';

/** By name. The program is that of training or evaluation; its backward pass reads weights as the forward pass does. */
export function hiddenMatrices(program: Program): ReadonlyMap<string, MatrixFactor> {
  const found = new Map<string, MatrixFactor>();
  const others = new Set<string>();
  for (const node of program.nodes) {
    node.inputs.forEach(({ source, shape }, place) => {
      if (source.kind !== 'parameter') return;
      const { name, role } = source.parameter;
      const matrix = role === 'weight' && isUnder(name, 'backbone') ? matrixOf(node, place, shape) : undefined;
      if (!matrix) others.add(name);
      else if (!found.has(name)) found.set(name, matrix); // the forward pass comes first, and says what is an input
    });
  }
  return new Map([...found].filter(([name]) => !others.has(name)));
}

/** The factor of a product that is at a place of a node's inputs; undefined elsewhere. */
function matrixOf({ op, attributes }: Node, place: number, shape: readonly number[]): MatrixFactor | undefined {
  const [first, second] = shape;
  if (place !== 1 || first === undefined || second === undefined) return undefined;
  if (op.name === 'dense' || op.name === 'matmul') {
    if (shape.length !== 2) return undefined;
    const [inputs, outputs] = attributes.transposeB === true ? [second, first] : [first, second];
    return { rows: first, columns: second, scale: scaleOf(inputs, outputs) };
  }
  // Its gradient reads the kernel once more.
  if (op.name !== 'convolution' && op.name !== 'convolution-input-gradient') return undefined;
  const inputs = elementCount(shape.slice(1));
  return { rows: first, columns: inputs, scale: scaleOf(inputs, first) };
}

/** An update that is spread over more outputs than it has inputs is made larger. */
function scaleOf(inputs: number, outputs: number): number {
  return Math.sqrt(Math.max(1, outputs / inputs));
}

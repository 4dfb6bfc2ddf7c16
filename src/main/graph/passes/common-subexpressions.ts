/**
 * Computes equal expressions once. The backward pass asks for many things a second time (reshapes of weights, products
 * of the same two values); building without thinking about that and merging afterwards keeps the ops simple.
 */
import type { Node, Program, Value } from '../program.ts';

/** A copy of the program in which applications of the same op to the same inputs with equal attributes are one node. */
export function mergeCommonSubexpressions(program: Program): Program {
  const replacement = new Map<number, Value>();
  const current = (value: Value): Value => replacement.get(value.id) ?? value;
  const seen = new Map<string, Node>();
  const nodes: Node[] = [];

  for (const original of program.nodes) {
    const inputs = original.inputs.map(current);
    const key = `${original.op.name}(${inputs.map(({ id }) => id).join(',')})${JSON.stringify(original.attributes, exactNumbers)}`;
    const twin = seen.get(key);
    if (twin) {
      original.outputs.forEach((value, index) => {
        replacement.set(value.id, twin.outputs[index]!); // the same op has as many outputs
      });
      continue;
    }
    const node = { ...original, inputs };
    seen.set(key, node);
    nodes.push(node);
  }

  return {
    ...program,
    nodes,
    outputs: new Map([...program.outputs].map(([name, value]) => [name, current(value)])),
    assignments: new Map([...program.assignments].map(([parameter, value]) => [parameter, current(value)])),
    gradients: program.gradients.map(({ parameter, dense, rows }) => ({
      parameter,
      dense: dense && current(dense),
      rows: rows.map((row) => ({ kind: 'rows', indices: current(row.indices), rows: current(row.rows) })),
    })),
  };
}

/** JSON has no infinities, and writes −0 as 0. */
function exactNumbers(_name: string, value: unknown): unknown {
  return typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
    ? `number ${Object.is(value, -0) ? '-0' : String(value)}`
    : value;
}

/**
 * Gradients times a factor that is fed, for float16, which knows nothing between 0 and 6e-8: those of the first products of a network
 * are often smaller. The loss itself stays as it is.
 */
import { newValue } from '../program.ts';
import type { Program, Value } from '../types.ts';

/** The input that all gradients are multiplied by, a float32 scalar. */
export const lossScaleInput = 'loss-scale';

/** A copy of the program whose backward pass begins with the input instead of 1. Without gradients, the program itself. */
export function withLossScale(program: Program): Program {
  const { lossGradient: seed } = program;
  if (!seed || program.gradients.length === 0) return program;
  const scale = newValue(seed.program, { dtype: 'float32', shape: [] }, { kind: 'input', name: lossScaleInput });
  const exchanged = (value: Value): Value => (value.id === seed.id ? scale : value);
  return {
    ...program,
    lossGradient: scale,
    inputs: new Map([...program.inputs, [lossScaleInput, scale]]),
    constants: program.constants.filter(({ id }) => id !== seed.id),
    nodes: program.nodes.map((node) => ({ ...node, inputs: node.inputs.map(exchanged) })),
    gradients: program.gradients.map(({ parameter, dense, rows }) => ({
      parameter,
      dense: dense && exchanged(dense),
      rows: rows.map((row) => ({ kind: 'rows', indices: row.indices, rows: exchanged(row.rows) })),
    })),
  };
}

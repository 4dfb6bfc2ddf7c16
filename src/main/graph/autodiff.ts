/**
 * Reverse-mode differentiation: appends the backward pass to a program.
 *
 * The adjoint of a value is collected while walking the nodes backwards; each op contributes its vector-Jacobian
 * product. Only values that lie between a trainable parameter and the loss are visited, so a frozen layer costs nothing.
 */
import { LabError } from '../../shared/errors.ts';
import type { Gradient } from './op.ts';
import { add } from './ops/elementwise.ts';
import { scatterRows } from './ops/gather.ts';
import type { Node, ParameterGradient, Program, RowGradient, Value } from './program.ts';
import { constant, ownConstant, withScope } from './program.ts';
import { sameShape, showShape } from './shape.ts';

/** What has been collected for one value: a dense sum, and rows not yet added to it. */
interface Adjoint {
  dense: Value | undefined;
  rows: RowGradient[];
}

/**
 * Computes ∂loss/∂value for each of `targets` (undefined where the loss does not depend on it).
 *
 * @public
 */
export function gradientsOf(loss: Value, targets: readonly Value[]): readonly (Value | undefined)[] {
  const adjoints = backward(loss, targets, constant(loss.program, 1));
  return targets.map((target) => {
    const adjoint = adjoints.get(target.id);
    return adjoint && dense(target, adjoint);
  });
}

/**
 * Appends ∂loss/∂parameter for every trainable parameter to the loss's program and records them in
 * `program.gradients`. Rows gathered directly out of a parameter come back as row gradients, to be added on the host:
 * ONNX Runtime's ScatterND with addition loses updates when more than one thread runs, and the host touches only the
 * rows that were used. Throws `LabError('internal')` when the loss is not a float32 scalar.
 */
export function appendGradients(program: Program, loss: Value): readonly ParameterGradient[] {
  const parameters = [...program.parameters.values()].filter(({ trainable }) => trainable);
  const seed = ownConstant(program, 1);
  const adjoints = backward(
    loss,
    parameters.map(({ value }) => value),
    seed,
  );
  program.lossGradient = seed;
  program.gradients = parameters.flatMap((parameter) => {
    const adjoint = adjoints.get(parameter.value.id);
    return adjoint ? [{ parameter, dense: adjoint.dense, rows: adjoint.rows }] : [];
  });
  return program.gradients;
}

function backward(loss: Value, targets: readonly Value[], seed: Value): Map<number, Adjoint> {
  const { program } = loss;
  if (loss.dtype !== 'float32' || loss.shape.length !== 0) {
    throw new LabError(
      'internal',
      `only a float32 scalar can be differentiated, not ${loss.dtype} ${showShape(loss.shape)}`,
    );
  }
  const active = valuesDependingOn(program, targets);
  const adjoints = new Map<number, Adjoint>([[loss.id, { dense: seed, rows: [] }]]);
  const forward = [...program.nodes]; // the walk appends to program.nodes
  for (let index = forward.length - 1; index >= 0; index--) {
    const node = forward[index]!; // within bounds
    if (node.outputs.some(({ id }) => adjoints.has(id)) && node.inputs.some(({ id }) => active.has(id))) {
      withPathOf(program, node, () => {
        propagate(node, active, adjoints);
      });
    }
  }
  return adjoints;
}

function propagate(node: Node, active: ReadonlySet<number>, adjoints: Map<number, Adjoint>): void {
  if (!node.op.gradient) return;
  const outputs = node.outputs.map((value) => {
    const adjoint = adjoints.get(value.id);
    return adjoint && dense(value, adjoint);
  });
  const needed = node.inputs.map(({ id }) => active.has(id));
  const gradients = node.op.gradient(node, outputs, needed);
  node.inputs.forEach((value, index) => {
    const gradient = gradients[index];
    if (gradient && needed[index]) accumulate(adjoints, value, gradient, node);
  });
}

function accumulate(adjoints: Map<number, Adjoint>, value: Value, gradient: NonNullable<Gradient>, node: Node): void {
  const adjoint = adjoints.get(value.id) ?? { dense: undefined, rows: [] };
  adjoints.set(value.id, adjoint);
  if ('kind' in gradient) {
    adjoint.rows.push(gradient);
    return;
  }
  if (!sameShape(gradient.shape, value.shape)) {
    throw new LabError(
      'internal',
      `the gradient of ${node.op.name} has the shape ${showShape(gradient.shape)} for an input of ${showShape(value.shape)}`,
    );
  }
  adjoint.dense = adjoint.dense ? add(adjoint.dense, gradient) : gradient;
}

/** The whole adjoint as one tensor: rows gathered out of a computed table are scattered inside the program. */
function dense(value: Value, adjoint: Adjoint): Value {
  for (const { indices, rows } of adjoint.rows.splice(0)) {
    const scattered = scatterRows(rows, indices, value.shape);
    adjoint.dense = adjoint.dense ? add(adjoint.dense, scattered) : scattered;
  }
  if (!adjoint.dense) throw new LabError('internal', 'an adjoint without contributions');
  return adjoint.dense;
}

/** The float32 values that are targets or computed from them. */
function valuesDependingOn(program: Program, targets: readonly Value[]): ReadonlySet<number> {
  const active = new Set(targets.map(({ id }) => id));
  for (const node of program.nodes) {
    if (!node.op.gradient || !node.inputs.some(({ id }) => active.has(id))) continue;
    for (const value of node.outputs) if (value.dtype === 'float32') active.add(value.id);
  }
  return active;
}

function withPathOf(program: Program, node: Node, build: () => void): void {
  const { scope } = program.internal;
  const saved = scope.splice(0);
  withScope(program, node.path === '' ? 'gradient' : `${node.path}/gradient`, build);
  scope.push(...saved);
}

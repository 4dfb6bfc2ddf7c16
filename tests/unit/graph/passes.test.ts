/** What the passes remove and merge, counted in nodes; and that frozen layers cost no backward pass. */
import { describe, expect, it } from 'vitest';
import type { Program, Value } from '../../../src/main/graph/index.ts';
import {
  add,
  appendGradients,
  createProgram,
  dense,
  dropout,
  exp,
  gather,
  input,
  multiply,
  output,
  pad,
  parameter,
  softmax,
  stopGradient,
  sum,
  tanh,
} from '../../../src/main/graph/index.ts';
import { mergeCommonSubexpressions } from '../../../src/main/graph/passes/common-subexpressions.ts';
import { removeDeadCode, resultsOf } from '../../../src/main/graph/passes/dead-code.ts';

const countOf = (program: Program, name: string): number => program.nodes.filter(({ op }) => op.name === name).length;
const weight = (program: Program, name: string, shape: readonly number[]): Value =>
  parameter(program, name, shape, { initialiser: { type: 'zeros' } });

describe('merging common subexpressions', () => {
  it('computes equal expressions once, through chains', () => {
    const program = createProgram('test');
    const x = input(program, 'x', 'float32', [2]);
    output(program, 'y', add(exp(tanh(x)), exp(tanh(x))));
    expect(program.nodes).toHaveLength(5);
    const merged = mergeCommonSubexpressions(program);
    expect(merged.nodes.map(({ op }) => op.name)).toEqual(['tanh', 'exp', 'add']);
    const [left, right] = merged.nodes[2]!.inputs;
    expect(left).toBe(right);
    expect(program.nodes).toHaveLength(5); // the original is as it was
  });

  it('keeps apart what differs in an attribute only, infinities included', () => {
    const program = createProgram('test');
    const x = input(program, 'x', 'float32', [2]);
    const padded = [-Infinity, Infinity, 0, 0].map((value) => pad(x, [1], [0], value));
    padded.forEach((value, index) => {
      output(program, String(index), value);
    });
    const merged = mergeCommonSubexpressions(program);
    expect(countOf(merged, 'pad')).toBe(3);
    expect(merged.outputs.get('2')).toBe(merged.outputs.get('3'));
  });

  it('redirects gradients and outputs to the survivor', () => {
    const program = createProgram('test');
    const w = weight(program, 'w', [2]);
    const x = input(program, 'x', 'float32', [2]);
    output(program, 'first', tanh(x));
    output(program, 'second', tanh(x));
    appendGradients(program, sum(multiply(w, tanh(x))));
    const merged = mergeCommonSubexpressions(program);
    expect(countOf(merged, 'tanh')).toBe(1);
    const computed = new Set(merged.nodes.flatMap(({ outputs }) => outputs.map(({ id }) => id)));
    for (const value of resultsOf(merged)) expect(computed.has(value.id)).toBe(true);
  });
});

describe('removing dead code', () => {
  it('drops what no result needs, and its constants, but keeps declared inputs', () => {
    const program = createProgram('test');
    const x = input(program, 'x', 'float32', [2]);
    input(program, 'unused', 'float32', [2]);
    pad(exp(x), [0], [1]);
    const y = tanh(x);
    output(program, 'y', y);
    const cleaned = removeDeadCode(program);
    expect(cleaned.nodes.map(({ op }) => op.name)).toEqual(['tanh']);
    expect([...cleaned.inputs.keys()]).toEqual(['x', 'unused']);
  });

  it('drops the random inputs of dropout that nothing needs, and keeps shared pools', () => {
    const program = createProgram('test');
    const x = input(program, 'x', 'float32', [8]);
    dropout(x, 0.5);
    output(program, 'y', dropout(x, 0.5));
    const cleaned = removeDeadCode(program);
    expect([...cleaned.inputs.keys()]).toEqual(['x', 'random/pool:0.5:16', 'random/offset:1']);
    expect(cleaned.dropoutSites.map(({ index }) => index)).toEqual([1]);
  });
});

describe('the backward pass', () => {
  function stack(frozen: readonly string[]): Program {
    const program = createProgram('test');
    let x = input(program, 'x', 'float32', [4, 3]);
    for (const name of ['first', 'second', 'third']) {
      x = tanh(dense(x, weight(program, name, [3, 3]), weight(program, `${name}/bias`, [3])));
    }
    for (const each of program.parameters.values()) each.trainable = !frozen.some((name) => each.name.startsWith(name));
    const loss = sum(x);
    output(program, 'loss', loss);
    appendGradients(program, loss);
    return removeDeadCode(mergeCommonSubexpressions(program));
  }

  it('has two products for each inner layer, and one for the first', () => {
    expect(countOf(stack([]), 'matmul')).toBe(5);
  });

  it('stops at the lowest trained layer', () => {
    expect(countOf(stack(['first']), 'matmul')).toBe(3);
    expect(countOf(stack(['first', 'second']), 'matmul')).toBe(1);
  });

  it('passes through a frozen layer without computing its gradients', () => {
    const program = stack(['second', 'third']);
    expect(program.gradients.map(({ parameter: { name } }) => name)).toEqual(['first', 'first/bias']);
    expect(countOf(program, 'matmul')).toBe(3); // through the third, through the second, of the first
  });

  it('adds no node at all when everything is frozen', () => {
    const program = stack(['first', 'second', 'third']);
    expect(program.nodes).toHaveLength(7); // three times dense and tanh, and the sum
    expect(program.gradients).toEqual([]);
  });

  it('does not go behind a stopped gradient', () => {
    const program = createProgram('test');
    const w = weight(program, 'w', [3]);
    const v = weight(program, 'v', [3]);
    appendGradients(program, sum(multiply(stopGradient(softmax(w)), v)));
    expect(program.gradients.map(({ parameter: { name } }) => name)).toEqual(['v']);
  });

  it('keeps rows of a parameter apart, and adds those of a computed table', () => {
    const program = createProgram('test');
    const table = weight(program, 'table', [5, 2]);
    const other = weight(program, 'other', [5, 2]);
    const indices = input(program, 'indices', 'int32', [3]);
    const loss = add(sum(add(gather(table, indices), gather(tanh(other), indices))), sum(multiply(table, table)));
    const [first, second] = appendGradients(program, loss);
    expect(first!.rows).toHaveLength(1);
    expect(first!.dense).toBeDefined();
    expect(second!.rows).toEqual([]);
    expect(countOf(program, 'scatter-rows')).toBe(1);
  });
});

/** Uses of the recurrences: every cell in both directions, with and without a mask, states, peepholes and final states. */
import type { Value } from '../../../src/main/graph/index.ts';
import { projectColumns, recurrence } from '../../../src/main/graph/index.ts';
import { applyAll, registeredOps } from '../../../src/main/graph/op.ts';
import type { CaseInput, OpCase } from '../harness.ts';

const [length, batch, features] = [4, 3, 2];
const gates = { rnn: 1, lstm: 4, gru: 3 } as const;
const saved = { rnn: 1, lstm: 8, gru: 4 } as const;
type Cell = keyof typeof gates;

/** The first row is whole, the second ends early, the third has a hole. */
const mask: CaseInput = { shape: [length, batch], data: [1, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0] };
const state: CaseInput = { shape: [batch, features] };
const sequence: CaseInput = { shape: [features, length, batch] };

interface Variant {
  readonly title: string;
  readonly reverse?: boolean;
  readonly masked?: boolean;
  readonly started?: boolean;
  readonly peepholes?: boolean;
  readonly outputs: readonly ('hidden' | 'finalHidden' | 'finalCell')[];
}

const variants: readonly Variant[] = [
  { title: 'every step', outputs: ['hidden'] },
  { title: 'the last step alone', outputs: ['finalHidden'] },
  { title: 'backwards, from a state', reverse: true, started: true, outputs: ['hidden', 'finalHidden'] },
  { title: 'masked, from a state', masked: true, started: true, outputs: ['hidden', 'finalHidden'] },
  { title: 'masked and backwards', masked: true, reverse: true, outputs: ['hidden', 'finalHidden'] },
];
const lstmVariants: readonly Variant[] = [
  { title: 'both final states', started: true, outputs: ['hidden', 'finalHidden', 'finalCell'] },
  { title: 'the final cell state alone', masked: true, outputs: ['finalCell'] },
  { title: 'with peepholes', peepholes: true, started: true, outputs: ['hidden', 'finalCell'] },
  { title: 'with peepholes, masked and backwards', peepholes: true, masked: true, reverse: true, outputs: ['hidden'] },
];

const peepholeNames = ['peepInput', 'peepForget', 'peepOutput'] as const;

function recurrenceCase(cell: Cell, { title, reverse, masked, started, peepholes, outputs }: Variant): OpCase {
  const width = gates[cell] * features;
  return {
    op: 'recurrence',
    title: `${cell}: ${title}`,
    inputs: {
      projected: { shape: [width, length, batch] },
      weight: { shape: [features, width] },
      ...(cell === 'gru' && { recurrentBias: { shape: [width] } }),
      ...(peepholes && Object.fromEntries(peepholeNames.map((name) => [name, { shape: [features] }]))),
      ...(started && { initialHidden: state, ...(cell === 'lstm' && { initialCell: state }) }),
      ...(masked && { mask }),
    },
    constant: ['mask'],
    build: ({ projected, weight, ...others }) => {
      const holes = peepholes && peepholeNames.map((name) => others[name]!);
      const results = recurrence(projected!, weight!, {
        cell,
        reverse: reverse ?? false,
        ...(others as { recurrentBias?: Value; initialHidden?: Value; initialCell?: Value; mask?: Value }),
        ...(holes && { peepholes: holes as [Value, Value, Value] }),
      });
      return outputs.map((name) => results[name]!);
    },
  };
}

/** The gradient op itself, on any values for what the forward pass would have kept. */
function gradientCase(cell: Cell, reverse: boolean, hasMask: boolean): OpCase {
  const width = gates[cell] * features;
  const kept = Array.from({ length: saved[cell] }, (_, index) => `saved${String(index)}`);
  const inputs: Record<string, CaseInput> = {
    weight: { shape: [features, width] },
    ...(hasMask && { mask }),
    previousHidden: sequence,
    ...Object.fromEntries(kept.map((name) => [name, sequence])),
    towardsHidden: sequence,
  };
  const attributes = {
    cell,
    reverse,
    hasMask,
    hasPeepholes: false,
    fromHidden: true,
    fromFinalHidden: false,
    fromFinalCell: false,
  };
  return {
    op: 'recurrence-gradient',
    title: `${cell}${reverse ? ', backwards' : ''}${hasMask ? ', masked' : ''}`,
    inputs,
    constant: Object.keys(inputs),
    build: (values) =>
      applyAll(
        registeredOps().get('recurrence-gradient')!,
        Object.keys(inputs).map((name) => values[name]!) as [Value, ...Value[]],
        attributes,
      ),
  };
}

const projectionCase: OpCase = {
  op: 'project-columns',
  title: 'of every step',
  inputs: {
    x: { shape: [3, length, batch] },
    weight: { shape: [3, 4] },
    bias: { shape: [4] },
  },
  build: ({ x, weight, bias }) => [projectColumns(x!, weight!, bias!)],
};

const cellNames = Object.keys(gates) as Cell[];

export const recurrenceCases: readonly OpCase[] = [
  projectionCase,
  ...cellNames.flatMap((cell) => variants.map((variant) => recurrenceCase(cell, variant))),
  ...lstmVariants.map((variant) => recurrenceCase('lstm', variant)),
  ...cellNames.flatMap((cell) => [gradientCase(cell, false, true), gradientCase(cell, true, false)]),
];

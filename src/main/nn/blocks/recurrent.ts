/**
 * Recurrent layers: simple (Elman 1990), LSTM (Hochreiter & Schmidhuber 1997) and GRU (Cho et al. 2014), stacked, in one or
 * both directions. Weights of layer n are under `layer.n/forward` and `layer.n/backward`, with gates in PyTorch's order.
 */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import {
  assign,
  columnsOfSteps,
  concat,
  multiply,
  projectColumns,
  recurrence,
  reshape,
  sizeAt,
  sliceAxis,
  stack,
  stepsOfColumns,
  transpose,
} from '../../graph/index.ts';
import type { Recurrence } from '../../graph/index.ts';
import type { Initialiser } from '../../graph/initialiser.ts';
import type { Value } from '../../graph/program.ts';
import { parameter, withScope } from '../../graph/program.ts';
import type { BuildContext } from '../block.ts';
import { defineBlock } from '../block.ts';
import { weightInitialiser } from '../initialisers.ts';
import { dropoutLayer, dropoutOption, initialisationOption } from '../layers.ts';

export const cellNames = ['rnn', 'lstm', 'gru'] as const;

const gatesOf = { rnn: 1, lstm: 4, gru: 3 } as const;

const options = z.strictObject({
  cell: z
    .enum(cellNames)
    .default('lstm')
    .describe('rnn: tanh(Wx + Us + b); lstm; gru, with the reset gate after the product, as in cuDNN and PyTorch'),
  hiddenSize: z.int().positive().default(128).describe('Size of the state, in each direction'),
  layers: z.int().min(1).max(16).default(1).describe('Number of layers, each reading the states of the one below'),
  bidirectional: z
    .boolean()
    .default(false)
    .describe('A second recurrence reads from the end; the states are put side by side'),
  forgetBias: z
    .number()
    .default(1)
    .describe('LSTM: how open the forget gates start, so that early errors reach far back (Jozefowicz et al. 2015)'),
  chronoMaximumTimescale: z
    .int()
    .min(3)
    .optional()
    .describe(
      'LSTM and GRU: the longest time in steps that has to be remembered. Gates start with time scales from two steps to this (chrono initialisation, Tallec & Ollivier 2018), in place of forgetBias',
    ),
  peepholes: z.boolean().default(false).describe('LSTM: the gates look at the cell state (Gers & Schmidhuber 2000)'),
  dropout: dropoutOption.default(0).describe('Dropout between layers'),
  initialisation: initialisationOption
    .default('glorot')
    .describe('How the input weights start; recurrent ones start orthogonal'),
});

type Options = z.infer<typeof options>;

defineBlock({
  type: 'recurrent',
  family: 'recurrence',
  title: 'Recurrent layers',
  summary:
    'Reads a sequence step by step and keeps a state: simple recurrence, LSTM or GRU. Padding leaves the state as it is, so the last state is that of the last real position.',
  options,
  inputs: [
    { name: 'sequence', summary: 'A vector for each position', axes: ['batch', 'length', 'features'] },
    { name: 'mask', summary: '1 at real positions, 0 at padding', axes: ['batch', 'length'], optional: true },
    {
      name: 'carry',
      summary:
        "While training: 1 where the example goes on where the last batch's ended, whose state it then starts from",
      axes: ['batch'],
      optional: true,
    },
    {
      name: 'hidden',
      summary: 'State to start from, a layer and direction after the other',
      axes: ['layers', 'batch', 'features'],
      optional: true,
    },
    {
      name: 'cell',
      summary: 'The same for the cell state of an LSTM',
      axes: ['layers', 'batch', 'features'],
      optional: true,
    },
  ],
  outputs: [
    { name: 'sequence', summary: 'The state after each position', axes: ['batch', 'length', 'features'] },
    { name: 'state', summary: "The top layer's last state, of both directions", axes: ['batch', 'features'] },
    { name: 'hidden', summary: 'The last states of all layers', axes: ['layers', 'batch', 'features'] },
    { name: 'cell', summary: 'The last cell states of an LSTM', axes: ['layers', 'batch', 'features'] },
  ],
  build(context, { sequence, mask, carry, hidden, cell }, settings) {
    const { program, mode } = context;
    const { layers, bidirectional } = settings;
    checkOptions(settings, carry, hidden, cell);
    const directions = bidirectional ? (['forward', 'backward'] as const) : (['forward'] as const);
    const slots = layers * directions.length;
    checkStates(settings, slots, { hidden, cell });
    const stepMask = mask && transpose(mask, [1, 0]);
    let columns = columnsOfSteps(transpose(sequence!, [1, 0, 2])); // the port is required
    const all: Recurrence[] = [];
    let top: Recurrence[] = [];
    for (let layer = 0; layer < layers; layer++) {
      const x = layer === 0 ? columns : dropoutLayer(columns, settings.dropout, mode);
      top = withScope(program, `layer.${String(layer)}`, () =>
        directions.map((direction, index) =>
          withScope(program, direction, () => {
            const place = layer * directions.length + index;
            return layerOf(context, x, settings, {
              reverse: direction === 'backward',
              mask: stepMask,
              carry,
              hidden: hidden && stateAt(hidden, place),
              cell: cell && stateAt(cell, place),
            });
          }),
        ),
      );
      all.push(...top);
      columns = joined(
        top.map((one) => one.hidden),
        0,
      );
    }
    const finalCells = all.flatMap(({ finalCell }) => (finalCell ? [finalCell] : []));
    return {
      sequence: transpose(stepsOfColumns(columns), [1, 0, 2]),
      state: joined(
        top.map(({ finalHidden }) => finalHidden),
        1,
      ),
      hidden: stack(all.map(({ finalHidden }) => finalHidden) as [Value, ...Value[]]), // there is at least one layer
      ...(finalCells.length > 0 && { cell: stack(finalCells as [Value, ...Value[]]) }),
    };
  },
});

interface LayerInputs {
  readonly reverse: boolean;
  readonly mask: Value | undefined;
  readonly carry: Value | undefined;
  readonly hidden: Value | undefined;
  readonly cell: Value | undefined;
}

/** One layer in one direction over columns [features, steps, batch], under the current scope. */
function layerOf(
  { program, mode, batchSize }: BuildContext,
  x: Value,
  settings: Options,
  from: LayerInputs,
): Recurrence {
  const { cell: kind, hiddenSize: features, peepholes } = settings;
  const [inputs, width] = [sizeAt(x.shape, 0), gatesOf[kind] * features];
  const zeros: Initialiser = { type: 'zeros' };
  const weight = parameter(program, 'input-weight', [inputs, width], {
    initialiser: weightInitialiser(settings.initialisation, inputs, features),
  });
  const recurrentWeight = parameter(program, 'recurrent-weight', [features, width], {
    initialiser: weightInitialiser('orthogonal', features, features),
  });
  const bias = parameter(program, 'bias', [width], {
    initialiser: gateBias(settings),
  });
  const recurrentBias =
    kind === 'gru' ? parameter(program, 'recurrent-bias', [width], { initialiser: zeros }) : undefined;
  const peephole = (name: string): Value => parameter(program, `${name}-peephole`, [features], { initialiser: zeros });

  const carried = (name: string): Value | undefined => {
    if (!from.carry || mode !== 'training') return undefined;
    return parameter(program, name, [batchSize, features], { initialiser: zeros, role: 'state' });
  };
  const state = carried('hidden-state');
  const cellState = kind === 'lstm' ? carried('cell-state') : undefined;
  const going = (kept: Value | undefined): Value | undefined =>
    kept && from.carry && multiply(kept, reshape(from.carry, [batchSize, 1]));
  const hidden = from.hidden ?? going(state);
  const cell = from.cell ?? going(cellState);

  const result = recurrence(projectColumns(x, weight, bias), recurrentWeight, {
    cell: kind,
    reverse: from.reverse,
    ...(from.mask && { mask: from.mask }),
    ...(hidden && { initialHidden: hidden }),
    ...(cell && { initialCell: cell }),
    ...(recurrentBias && { recurrentBias }),
    ...(peepholes && { peepholes: [peephole('input'), peephole('forget'), peephole('output')] as const }),
  });
  if (state) assign(state, result.finalHidden);
  if (cellState && result.finalCell) assign(cellState, result.finalCell);
  return result;
}

/** The bias of the gates, i, f, g, o for an LSTM and r, z, n for a GRU. */
function gateBias({ cell: kind, hiddenSize: features, forgetBias, chronoMaximumTimescale }: Options): Initialiser {
  const gate = (value: (unit: number) => number): number[] =>
    Array.from({ length: features }, (_, unit) => value(unit));
  const none = gate(() => 0);
  if (kind === 'rnn' || (kind === 'gru' && chronoMaximumTimescale === undefined)) return { type: 'zeros' };
  if (chronoMaximumTimescale === undefined) {
    return { type: 'values', values: Float32Array.from([none, gate(() => forgetBias), none, none].flat()) };
  }
  const keep = gate((unit) => timeScale(unit, features, chronoMaximumTimescale));
  const write = keep.map((bias) => -bias);
  const gates = kind === 'lstm' ? [write, keep, none, none] : [none, keep, none];
  return { type: 'values', values: Float32Array.from(gates.flat()) };
}

/**
 * The bias with which a gate forgets in `t` steps, log(t − 1), where t runs over the units from 2 to `span`: the quantiles of
 * the uniform distribution that Tallec & Ollivier draw from, so that every time scale is there in a small layer too.
 */
function timeScale(unit: number, features: number, span: number): number {
  return Math.log(1 + ((span - 2) * (unit + 0.5)) / features);
}

function joined(values: readonly Value[], axis: number): Value {
  return values.length === 1 ? values[0]! : concat(values as [Value, ...Value[]], axis); // one or two directions
}

function stateAt(states: Value, place: number): Value {
  return reshape(sliceAxis(states, 0, place, place + 1), states.shape.slice(1));
}

function checkOptions(
  { cell: kind, peepholes, bidirectional, chronoMaximumTimescale }: Options,
  carry: Value | undefined,
  hidden: Value | undefined,
  cell: Value | undefined,
): void {
  if (peepholes && kind !== 'lstm') {
    throw new LabError('bad-spec', `peepholes belong to an LSTM; the cell is '${kind}'`);
  }
  if (chronoMaximumTimescale !== undefined && kind === 'rnn') {
    throw new LabError('bad-spec', "chronoMaximumTimescale sets the gates of an LSTM or a GRU; the cell is 'rnn'");
  }
  if (bidirectional && carry) {
    throw new LabError(
      'bad-spec',
      'a bidirectional recurrence cannot carry its state on: its second half reads from the end',
    );
  }
  if (cell && kind !== 'lstm') throw new LabError('bad-spec', `only an LSTM has a cell state; the cell is '${kind}'`);
  if (carry && (hidden ?? cell)) {
    throw new LabError(
      'bad-spec',
      "a recurrence starts from the state of the last batch ('carry') or from a given one, not both",
    );
  }
}

function checkStates(
  { hiddenSize: features }: Options,
  slots: number,
  states: Readonly<Record<string, Value | undefined>>,
): void {
  for (const [name, value] of Object.entries(states)) {
    if (!value || (value.shape[0] === slots && value.shape[2] === features)) continue;
    throw new LabError(
      'shape',
      `'${name}' must be [${slots}, batch, ${features}], a state for each layer and direction, got [${value.shape.join(', ')}]`,
    );
  }
}

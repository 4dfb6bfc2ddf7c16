/** What every op computes, in float64 and plain loops. Shares no code with the ops. */
import { imageReferenceOps } from './images.ts';
import { alignments } from './alignment.ts';
import { recurrenceOps } from './recurrence.ts';
import type { ReferenceOp } from './reference-op.ts';
import type { Tensor64 } from './tensor.ts';
import { erf64, read, readBroadcast, reduce, sizeOf, tabulate } from './tensor.ts';

const numbers = (value: unknown): readonly number[] => value as readonly number[];
const number = (value: unknown): number => value as number;

function elementwise(f: (x: number) => number): ReferenceOp {
  return ([x]) => [{ shape: x!.shape, data: x!.data.map(f) }];
}

function broadcastShape(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)),
  );
}

function binary(f: (a: number, b: number) => number): ReferenceOp {
  return ([a, b]) => [
    tabulate(broadcastShape(a!.shape, b!.shape), (index) => f(readBroadcast(a!, index), readBroadcast(b!, index))),
  ];
}

function product(a: Tensor64, b: Tensor64, transposeA: boolean, transposeB: boolean, scale: number): Tensor64 {
  const rank = a.shape.length;
  const [rows, inner] = transposeA
    ? [a.shape[rank - 1]!, a.shape[rank - 2]!]
    : [a.shape[rank - 2]!, a.shape[rank - 1]!];
  const columns = transposeB ? b.shape[rank - 2]! : b.shape[rank - 1]!;
  return tabulate([...a.shape.slice(0, -2), rows, columns], (index) => {
    const batch = index.slice(0, -2);
    const [row, column] = [index[rank - 2]!, index[rank - 1]!];
    let total = 0;
    for (let k = 0; k < inner; k++) {
      total +=
        read(a, [...batch, ...(transposeA ? [k, row] : [row, k])]) *
        read(b, [...batch, ...(transposeB ? [column, k] : [k, column])]);
    }
    return scale * total;
  });
}

/** Applies a function to each vector along the last axis. */
function lastAxis(x: Tensor64, f: (row: readonly number[]) => readonly number[]): Tensor64 {
  const width = x.shape.at(-1)!;
  const data = new Float64Array(x.data.length);
  for (let start = 0; start < data.length; start += width) {
    data.set(f([...x.data.subarray(start, start + width)]), start);
  }
  return { shape: x.shape, data };
}

function logSoftmaxRow(row: readonly number[]): number[] {
  const largest = Math.max(...row);
  const total = Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0)) + largest;
  return row.map((x) => x - total);
}

const softmax64 = (x: Tensor64): Tensor64 => lastAxis(x, (row) => logSoftmaxRow(row).map(Math.exp));

function moments(row: readonly number[], epsilon: number): { mean: number; inverse: number } {
  const mean = row.reduce((sum, x) => sum + x, 0) / row.length;
  const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length;
  return { mean, inverse: 1 / Math.sqrt(variance + epsilon) };
}

function standardise(x: Tensor64, epsilon: number): Tensor64 {
  return lastAxis(x, (row) => {
    const { mean, inverse } = moments(row, epsilon);
    return row.map((value) => (value - mean) * inverse);
  });
}

function crossEntropy(logits: Tensor64, labels: Tensor64, smoothing: number): readonly Tensor64[] {
  const logs = lastAxis(logits, logSoftmaxRow);
  const classes = logits.shape[1]!;
  const losses = tabulate(labels.shape, ([n]) => {
    let loss = 0;
    for (let c = 0; c < classes; c++) {
      const target = (c === read(labels, [n!]) ? 1 - smoothing : 0) + smoothing / classes;
      loss -= target * read(logs, [n!, c]);
    }
    return loss;
  });
  return [losses, softmax64(logits)];
}

const gelu = (x: number): number => (x * (1 + erf64(x / Math.SQRT2))) / 2;
const geluTanh = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const derivative = (f: (x: number) => number, x: number): number => (f(x + 1e-5) - f(x - 1e-5)) / 2e-5;

export const referenceOps: Readonly<Record<string, ReferenceOp>> = {
  ...imageReferenceOps,
  add: binary((a, b) => a + b),
  subtract: binary((a, b) => a - b),
  multiply: binary((a, b) => a * b),
  divide: binary((a, b) => a / b),
  maximum: binary(Math.max),
  minimum: binary(Math.min),
  less: binary((a, b) => Number(a < b)),
  equal: binary((a, b) => Number(a === b)),
  negate: elementwise((x) => -x),
  exp: elementwise(Math.exp),
  log: elementwise(Math.log),
  sqrt: elementwise(Math.sqrt),
  absolute: elementwise(Math.abs),
  sign: elementwise(Math.sign),
  erf: elementwise(erf64),
  sine: elementwise(Math.sin),
  cosine: elementwise(Math.cos),
  floor: elementwise(Math.floor),
  power: ([x], { exponent }) => [{ shape: x!.shape, data: x!.data.map((value) => value ** number(exponent)) }],
  relu: elementwise((x) => (x > 0 ? x : 0)),
  tanh: elementwise(Math.tanh),
  'squared-relu': elementwise((x) => (x > 0 ? x * x : 0)),
  silu: elementwise((x) => x / (1 + Math.exp(-x))),
  sigmoid: elementwise((x) => 1 / (1 + Math.exp(-x))),
  softplus: elementwise((x) => Math.log1p(Math.exp(x))),
  gelu: elementwise(gelu),
  'gelu-tanh': elementwise(geluTanh),
  clip: ([x], { minimum, maximum }) => [
    { shape: x!.shape, data: x!.data.map((value) => Math.min(Math.max(value, Number(minimum)), Number(maximum))) },
  ],
  'clip-gradient': ([gradient, y], { minimum, maximum }) => [
    {
      shape: y!.shape,
      data: y!.data.map((value, index) =>
        value > Number(minimum) && value < Number(maximum) ? gradient!.data[index]! : 0,
      ),
    },
  ],
  'relu-gradient': binary((gradient, x) => (x > 0 ? gradient : 0)),
  'gelu-gradient': binary((gradient, x) => gradient * derivative(gelu, x)),
  'gelu-tanh-gradient': binary((gradient, x) => gradient * derivative(geluTanh, x)),
  'stop-gradient': elementwise((x) => x),
  'await-value': ([x]) => [x!],
  cast: ([x], { to }) => [
    {
      shape: x!.shape,
      data: x!.data.map((value) => (to === 'bool' ? Number(value !== 0) : to === 'int32' ? Math.trunc(value) : value)),
    },
  ],
  where: ([condition, a, b]) => [
    tabulate(broadcastShape(condition!.shape, a!.shape, b!.shape), (index) =>
      readBroadcast(condition!, index) === 1 ? readBroadcast(a!, index) : readBroadcast(b!, index),
    ),
  ],

  reshape: ([x], { shape }) => [{ shape: numbers(shape), data: x!.data }],
  broadcast: ([x], { shape }) => [tabulate(numbers(shape), (index) => readBroadcast(x!, index))],
  sum: ([x], { axes, keepDimensions }) => [
    reduce(x!, numbers(axes), keepDimensions === true, (list) => list.reduce((total, value) => total + value, 0)),
  ],
  mean: ([x], { axes, keepDimensions }) => [
    reduce(
      x!,
      numbers(axes),
      keepDimensions === true,
      (list) => list.reduce((total, value) => total + value, 0) / list.length,
    ),
  ],
  max: ([x], { axes, keepDimensions }) => [
    reduce(x!, numbers(axes), keepDimensions === true, (list) => Math.max(...list)),
  ],
  argmax: ([x], { axis }) => [reduce(x!, [number(axis)], false, (list) => list.indexOf(Math.max(...list)))],

  matmul: ([a, b], { transposeA, transposeB, scale }) => [
    product(a!, b!, transposeA === true, transposeB === true, number(scale)),
  ],
  dense: ([x, weight, bias]) => {
    const result = product(x!, weight!, false, false, 1);
    return [tabulate(result.shape, (index) => read(result, index) + read(bias!, [index[1]!]))];
  },

  transpose: ([x], { permutation }) => [
    tabulate(
      numbers(permutation).map((axis) => x!.shape[axis]!),
      (index) => {
        const source: number[] = [];
        numbers(permutation).forEach((from, to) => (source[from] = index[to]!));
        return read(x!, source);
      },
    ),
  ],
  slice: ([x], { starts, ends }) => [
    tabulate(
      numbers(ends).map((end, axis) => end - numbers(starts)[axis]!),
      (index) =>
        read(
          x!,
          index.map((place, axis) => place + numbers(starts)[axis]!),
        ),
    ),
  ],
  pad: ([x], { before, after, value }) => [
    tabulate(
      x!.shape.map((size, axis) => size + numbers(before)[axis]! + numbers(after)[axis]!),
      (index) => {
        const inside = index.map((place, axis) => place - numbers(before)[axis]!);
        return inside.every((place, axis) => place >= 0 && place < x!.shape[axis]!) ? read(x!, inside) : number(value);
      },
    ),
  ],
  concat: (inputs, { axis }) => {
    const along = number(axis);
    const total = inputs.reduce((sum, { shape }) => sum + shape[along]!, 0);
    return [
      tabulate(inputs[0]!.shape.with(along, total), (index) => {
        let place = index[along]!;
        const part = inputs.find(({ shape }) => {
          if (place < shape[along]!) return true;
          place -= shape[along]!;
          return false;
        });
        return read(part!, index.toSpliced(along, 1, place));
      }),
    ];
  },
  split: ([x], { axis, sizes }) => {
    let start = 0;
    return numbers(sizes).map((size) => {
      const from = start;
      start += size;
      return tabulate(x!.shape.with(number(axis), size), (index) =>
        read(x!, index.with(number(axis), index[number(axis)]! + from)),
      );
    });
  },

  gather: ([table, indices]) => {
    const rank = indices!.shape.length;
    return [
      tabulate([...indices!.shape, ...table!.shape.slice(1)], (index) =>
        read(table!, [read(indices!, index.slice(0, rank)), ...index.slice(rank)]),
      ),
    ];
  },
  'scatter-rows': ([rows, indices], { shape }) => {
    const table = new Float64Array(sizeOf(numbers(shape)));
    const width = sizeOf(numbers(shape).slice(1));
    indices!.data.forEach((row, count) => {
      for (let column = 0; column < width; column++) {
        table[row * width + column]! += rows!.data[count * width + column]!;
      }
    });
    return [{ shape: numbers(shape), data: table }];
  },
  'one-hot': ([indices], { depth }) => [
    tabulate([...indices!.shape, number(depth)], (index) =>
      Number(read(indices!, index.slice(0, -1)) === index.at(-1)),
    ),
  ],
  'batch-gather': ([x, indices]) => [
    tabulate([...indices!.shape, ...x!.shape.slice(2)], ([batch, place, ...rest]) =>
      read(x!, [batch!, read(indices!, [batch!, place!]), ...rest]),
    ),
  ],
  pick: ([x, indices]) => [tabulate(indices!.shape, ([row]) => read(x!, [row!, read(indices!, [row!])]))],
  'add-at': ([x, indices, amounts]) => [
    tabulate(x!.shape, ([row, column]) => {
      const hit = read(indices!, [row!]) === column;
      return read(x!, [row!, column!]) + (hit ? read(amounts!, [row!]) : 0);
    }),
  ],
  window: ([pool, offset], { length }) => [
    tabulate([number(length)], ([place]) => read(pool!, [place! + offset!.data[0]!])),
  ],

  softmax: ([x]) => [softmax64(x!)],
  'log-softmax': ([x]) => [lastAxis(x!, logSoftmaxRow)],
  standardise: ([x], { epsilon }) => [standardise(x!, number(epsilon))],
  'layer-normalization': ([x, gain, bias], { epsilon }) => {
    const standardised = standardise(x!, number(epsilon));
    const width = x!.shape.at(-1)!;
    const rows = x!.data.length / width;
    return [
      tabulate(
        x!.shape,
        (index) => read(standardised, index) * read(gain!, index.slice(-1)) + (bias ? read(bias, index.slice(-1)) : 0),
      ),
      {
        shape: x!.shape.with(-1, 1),
        data: Float64Array.from(
          { length: rows },
          (_, row) => moments([...x!.data.subarray(row * width, (row + 1) * width)], number(epsilon)).inverse,
        ),
      },
    ];
  },
  'rms-normalization': ([x, gain], { epsilon }) => {
    const width = x!.shape.at(-1)!;
    const inverses = Array.from({ length: x!.data.length / width }, (_, row) => {
      const squares = [...x!.data.subarray(row * width, (row + 1) * width)].map((value) => value ** 2);
      return 1 / Math.sqrt(squares.reduce((total, square) => total + square, 0) / width + number(epsilon));
    });
    return [
      {
        shape: x!.shape,
        data: x!.data.map((value, index) => value * inverses[Math.floor(index / width)]! * gain!.data[index % width]!),
      },
      { shape: x!.shape.with(-1, 1), data: Float64Array.from(inverses) },
    ];
  },
  // Each pair of features as a complex number, times another of length 1.
  rotary: ([x, cosines, sines]) => {
    const half = x!.shape[3]! / 2;
    return [
      tabulate(x!.shape, ([batch, head, position, feature]) => {
        const pair = feature! % half;
        const [real, imaginary] = [pair, pair + half].map((one) => read(x!, [batch!, head!, position!, one]));
        const [cosine, sine] = [cosines!, sines!].map((table) => read(table, [position!, pair]));
        return feature! < half ? real! * cosine! - imaginary! * sine! : imaginary! * cosine! + real! * sine!;
      }),
    ];
  },
  attention: (inputs, { scale, hasBias, hasMask }) => {
    const [query, key, value] = inputs as readonly [Tensor64, Tensor64, Tensor64];
    const bias = hasBias === true ? inputs[3] : undefined;
    const mask = hasMask === true ? inputs.at(-1) : undefined;
    const logits = product(query, key, false, true, number(scale));
    const probabilities = softmax64(
      tabulate(logits.shape, (index) => read(logits, index) + (bias ? readBroadcast(bias, index) : 0)),
    );
    const dropped = tabulate(
      logits.shape,
      (index) => read(probabilities, index) * (mask ? readBroadcast(mask, index) : 1),
    );
    return [product(dropped, value, false, false, 1), probabilities];
  },
  'softmax-cross-entropy': ([logits, labels], { smoothing }) => crossEntropy(logits!, labels!, number(smoothing)),
  // The table and the bias are each given twice, as the op's definition explains: the same tensors.
  'linear-cross-entropy': ([hidden, table, , labels, bias]) => {
    const logits = product(hidden!, table!, false, true, 1);
    return crossEntropy(
      tabulate(logits.shape, (index) => read(logits, index) + (bias ? read(bias, index.slice(1)) : 0)),
      labels!,
      0,
    );
  },
  'monotonic-alignment': ([emissions, ends]) => alignments(emissions!, ends!),
  ...recurrenceOps,
};

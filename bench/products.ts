/**
 * What the matrix products of a training step take by themselves: every product of the programs of the benches of single steps, once
 * as the step has it and once for each layout of its two operands, on the same threads. The fastest layouts together are what a
 * step would take if everything else cost nothing and nothing had to be turned around; convolutions and recurrences are
 * computed as they are. `--only` names benches.
 */
import { Tensor } from 'onnxruntime-node';
import { LabError } from '../src/shared/errors.ts';
import { fillNormal } from '../src/shared/random.ts';
import { channelBlock } from '../src/main/engines/onnxruntime/channel-block.ts';
import { openSession } from '../src/main/engines/onnxruntime/sessions.ts';
import { writeOnnx } from '../src/main/formats/onnx/write.ts';
import { flopsOf } from '../src/main/graph/op.ts';
import { lowerToOnnx } from '../src/main/graph/onnx.ts';
import { mergeCommonSubexpressions } from '../src/main/graph/passes/common-subexpressions.ts';
import { removeDeadCode } from '../src/main/graph/passes/dead-code.ts';
import { apply } from '../src/main/graph/op.ts';
import type { Node, OpAttributes, Program, Shape } from '../src/main/graph/types.ts';
import { createProgram, elementCount, input, matmul, output } from '../src/main/graph/index.ts';
import { createOnnxRuntimeEngine } from '../src/main/engines/onnxruntime/engine.ts';
import type { Feeds } from '../src/main/engines/engine.ts';
import { initialParameters } from '../src/main/nn/initialisers.ts';
import type { TorchBench } from './lib/torch-bench.ts';
import { learningRate, optimizer } from './lib/torch-bench.ts';
import type { Bench } from './lib/bench.ts';
import { benchNames, loadBench, median, roundTo } from './lib/bench.ts';

/** Ops that are products, or for the most part made of them. */
const asTheyAre = [
  ...['convolution', 'convolution-input-gradient', 'convolution-filter-gradient', 'transposed-convolution'],
  ...['recurrence', 'recurrence-gradient', 'project-columns', 'attention'],
];
const layouts = [
  { transposeA: false, transposeB: false },
  { transposeA: false, transposeB: true },
  { transposeA: true, transposeB: false },
  { transposeA: true, transposeB: true },
] as const;

interface Product {
  readonly title: string;
  readonly count: number;
  readonly node: Node;
  /** Rows, inner size and columns of a matrix product, and how many of them are stacked; undefined for other ops. */
  readonly sizes?: { readonly stack: Shape; readonly rows: number; readonly inner: number; readonly columns: number };
}

interface Timed {
  readonly product: Product;
  readonly milliseconds: number;
  readonly best: number;
  readonly layout: string;
}

export const bench: Bench = {
  summary: 'the matrix products of every bench of single steps by themselves, in every layout; --only names benches',
  async run(name, { steps, threads, only, progress }) {
    const results = [];
    for (const other of await benchNames()) {
      if (only !== undefined && !only.includes(other)) continue;
      const found = await loadBench(other);
      if (!('workload' in found)) continue;
      const { program, feeds } = (found as TorchBench).workload(); // which has one
      const products = productsOf(removeDeadCode(mergeCommonSubexpressions(program)));
      const timed: Timed[] = [];
      for (const product of products) {
        const one = await timeProduct(product, steps, threads);
        timed.push(one);
        const each = `${one.milliseconds.toFixed(2)} ms, ${one.layout} ${one.best.toFixed(2)} ms`;
        const rate = (flopsOf(product.node) / one.best / 1e6).toFixed(0);
        progress(`${other}: ${product.count} × ${product.title}: ${each}, ${rate} GFLOP/s`);
      }
      const total = (pick: (one: Timed) => number): number =>
        roundTo(
          timed.reduce((sum, one) => sum + one.product.count * pick(one), 0),
          1,
        );
      const whole = await timeStep(program, feeds, steps, threads);
      results.push({
        bench: other,
        stepMilliseconds: roundTo(whole, 1),
        products: products.reduce((sum, { count }) => sum + count, 0),
        milliseconds: total(({ milliseconds }) => milliseconds),
        bestMilliseconds: total(({ best }) => best),
      });
    }
    if (results.length === 0) throw new LabError('not-found', 'No bench of single steps has such a name');
    return { name, threads, size: {}, results: results.map((result) => JSON.stringify(result)) };
  },
};

/** The median of whole steps, the optimizer included, in the same minute as the products. */
async function timeStep(program: Program, feeds: Feeds, steps: number, threads: number): Promise<number> {
  const executable = await createOnnxRuntimeEngine().compile(program, { threads, optimizer });
  try {
    await executable.importState({ parameters: initialParameters(program, 1) });
    const times: number[] = [];
    for (let step = 0; step <= steps; step++) {
      const begin = performance.now();
      await executable.step([feeds], { learningRate, seed: 0, step });
      if (step > 0) times.push(performance.now() - begin);
    }
    return median(times);
  } finally {
    await executable.release();
  }
}

function productsOf({ nodes }: Program): readonly Product[] {
  const found = new Map<string, Product>();
  for (const node of nodes) {
    const { name } = node.op;
    if (name !== 'matmul' && name !== 'dense' && !asTheyAre.includes(name)) continue;
    const shapes = node.inputs.map(({ shape }) => `[${shape.join('×')}]`).join('·');
    const turned = node.attributes as { readonly transposeA?: boolean; readonly transposeB?: boolean };
    const marks = `${turned.transposeA ? ' transA' : ''}${turned.transposeB ? ' transB' : ''}`;
    const key = `${name} ${shapes}${marks} ${JSON.stringify(node.attributes)}`;
    const sizes = name === 'matmul' || name === 'dense' ? sizesOf(node) : undefined;
    const known = found.get(key);
    const title = `${name} ${shapes}${marks}`;
    found.set(key, { title, count: (known?.count ?? 0) + 1, node, ...(sizes && { sizes }) });
  }
  return [...found.values()];
}

function sizesOf({ inputs: [a, b], attributes }: Node): NonNullable<Product['sizes']> {
  const { transposeA = false, transposeB = false } = attributes as {
    readonly transposeA?: boolean;
    readonly transposeB?: boolean;
  };
  const of = (shape: Shape, turned: boolean): readonly [number, number] => {
    const [rows = 1, columns = 1] = shape.slice(-2);
    return turned ? [columns, rows] : [rows, columns];
  };
  const [rows, inner] = of(a?.shape ?? [], transposeA);
  const [, columns] = of(b?.shape ?? [], transposeB);
  return { stack: a?.shape.slice(0, -2) ?? [], rows, inner, columns };
}

async function timeProduct(product: Product, steps: number, threads: number): Promise<Timed> {
  const program = createProgram('product');
  const inputs = product.node.inputs.map(({ dtype, shape }, index) => input(program, `input${index}`, dtype, shape));
  const { attributes, op } = product.node;
  const [first, ...others] = inputs;
  if (!first) throw new LabError('internal', `${op.name} has no inputs`);
  output(program, 'product', apply<OpAttributes>(op, [first, ...others], attributes));
  const variants = [{ layout: 'as it is', program }, ...(product.sizes ? layouts.map(laidOut(product.sizes)) : [])];
  const opened = await Promise.all(variants.map(({ program: one }) => openProgram(one, threads)));
  const times: number[][] = variants.map(() => []);
  // In turns, so that whatever else the machine does hits all alike; the first round is not counted.
  for (let step = 0; step <= steps; step++) {
    for (const [index, one] of opened.entries()) {
      await one.run(); // what the others left in the cache is gone
      const begin = performance.now();
      await one.run();
      if (step > 0) times[index]?.push(performance.now() - begin);
    }
  }
  await Promise.all(opened.map((one) => one.release()));
  const medians = times.map(median);
  const best = Math.min(...medians);
  return { product, milliseconds: medians[0] ?? NaN, best, layout: variants[medians.indexOf(best)]?.layout ?? '' };
}

const laidOut =
  ({ stack, rows, inner, columns }: NonNullable<Product['sizes']>) =>
  (turned: (typeof layouts)[number]): { readonly layout: string; readonly program: Program } => {
    const program = createProgram('product');
    const a = input(program, 'a', 'float32', [...stack, ...(turned.transposeA ? [inner, rows] : [rows, inner])]);
    const b = input(program, 'b', 'float32', [...stack, ...(turned.transposeB ? [columns, inner] : [inner, columns])]);
    output(program, 'product', matmul(a, b, turned));
    return { layout: `${turned.transposeA ? 'transA' : 'A'}·${turned.transposeB ? 'transB' : 'B'}`, program };
  };

interface OpenProgram {
  /** Results are written into the same memory each time. */
  run(): Promise<unknown>;
  release(): Promise<void>;
}

async function openProgram(program: Program, threads: number): Promise<OpenProgram> {
  const graph = lowerToOnnx(program, program.outputs, { channelBlock: await channelBlock() });
  const session = await openSession(writeOnnx(graph), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: { session: { force_spinning_stop: '1' } },
  });
  const feeds: Record<string, Tensor> = {};
  for (const { name, type, shape } of graph.inputs) feeds[name] = drawn(type, shape as readonly number[]); // programs have fixed shapes
  const fetches: Record<string, Tensor> = {};
  for (const { name, type, shape } of graph.outputs) fetches[name] = drawn(type, shape as readonly number[]);
  return { run: () => session.run(feeds, fetches), release: () => session.release() };
}

function drawn(type: string, shape: Shape): Tensor {
  const count = elementCount(shape);
  if (type === 'int32') return new Tensor('int32', new Int32Array(count), [...shape]);
  if (type === 'uint8') return new Tensor('uint8', new Uint8Array(count), [...shape]);
  if (type === 'bool') return new Tensor('bool', new Uint8Array(count).fill(1), [...shape]);
  const data = new Float32Array(count);
  fillNormal(data, 1);
  return new Tensor('float32', data, [...shape]);
}

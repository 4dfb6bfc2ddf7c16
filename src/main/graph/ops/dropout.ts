/**
 * Dropout (Srivastava et al. 2014) without a random generator inside the program. For each rate there is a pool of
 * precomputed numbers, 0 with the probability `rate` and 1/(1 − rate) otherwise; each site multiplies by a window of the
 * pool that starts at an offset hashed from (seed, step, micro-batch, site). A step is thereby a pure function of its
 * number, costs no random draws, and is the same on every engine.
 */
import { LabError } from '../../../shared/errors.ts';
import { fillUniform, hash32 } from '../../../shared/random.ts';
import { apply, at, defineOp, requireDtype, requireFloat } from '../op.ts';
import type { ConstantData, Program, Shape, Value } from '../program.ts';
import { input } from '../program.ts';
import { elementCount, sizeAt } from '../shape.ts';
import { reshape } from './broadcasting.ts';
import { multiply } from './elementwise.ts';

const windowOp = defineOp<{ readonly length: number }>({
  name: 'window',
  infer(inputs, { length }) {
    const pool = requireFloat(at(inputs, 0), 'the pool');
    requireDtype(at(inputs, 1), 'int32', 'the offset');
    if (pool.shape.length !== 1 || sizeAt(pool.shape, 0) < length) throw new LabError('shape', 'the pool is too short');
    return [{ dtype: 'float32', shape: [length] }];
  },
  onnx(emit, inputs, { attributes: { length } }) {
    const [pool, offset] = [at(inputs, 0), at(inputs, 1)];
    return [emit.one('Slice', [pool, offset, emit.one('Add', [offset, emit.int32([length])]), emit.int32([0])])];
  },
  tfjs: (tf, inputs, { attributes: { length } }) => [
    tf.slice(at(inputs, 0), [at(inputs, 1).dataSync()[0] ?? 0], [length]),
  ],
  flops: () => 0,
});

/** A new dropout site: a tensor that is 0 with the probability `rate` and 1/(1 − rate) elsewhere. */
export function dropoutMask(program: Program, rate: number, shape: Shape): Value {
  if (!(rate > 0 && rate < 1)) {
    throw new LabError('bad-spec', `a dropout rate lies between 0 and 1, not at ${String(rate)}`);
  }
  const length = elementCount(shape);
  const poolLength = 2 ** Math.ceil(Math.log2(2 * length));
  const poolName = `random/pool:${String(rate)}:${String(poolLength)}`;
  const pool = program.inputs.get(poolName) ?? input(program, poolName, 'float32', [poolLength]);
  const index = program.dropoutSites.length;
  const offset = input(program, `random/offset:${String(index)}`, 'int32', [1]);
  program.dropoutSites.push({ index, rate, windowLength: length, pool, offset });
  return reshape(apply(windowOp, [pool, offset], { length }), shape);
}

/** `x` with a share of its elements set to zero and the others scaled up to the same expectation. */
export function dropout(x: Value, rate: number): Value {
  return rate === 0 ? x : multiply(x, dropoutMask(x.program, rate, x.shape));
}

/** Pools are the same for every program of the process and are never written to. */
const pools = new Map<string, Float32Array>();
const poolSeed = 0x706f6f6c; // 'pool'

function dropoutPool(rate: number, length: number): Float32Array {
  const key = `${String(rate)}:${String(length)}`;
  const known = pools.get(key);
  if (known) return known;
  const pool = new Float32Array(length);
  fillUniform(pool, poolSeed, length);
  for (let index = 0; index < length; index++) pool[index] = pool[index]! < rate ? 0 : 1 / (1 - rate);
  pools.set(key, pool);
  return pool;
}

/** What to feed to the dropout inputs of a program at one micro-batch of one step. */
export function dropoutFeeds(
  program: Program,
  seed: number,
  step: number,
  microBatch: number,
): Readonly<Record<string, ConstantData>> {
  const feeds: Record<string, ConstantData> = {};
  for (const { index, rate, windowLength, pool, offset } of program.dropoutSites) {
    const poolLength = elementCount(pool.shape);
    feeds[nameOf(pool)] = dropoutPool(rate, poolLength);
    feeds[nameOf(offset)] = Int32Array.of(hash32(seed, step, microBatch, index) % (poolLength - windowLength + 1));
  }
  return feeds;
}

function nameOf({ source }: Value): string {
  if (source.kind !== 'input') throw new LabError('internal', 'pools and offsets are inputs');
  return source.name;
}

/** Calls of the programs of a resident executable: what each is compiled to, reads and gives back. */
import type { InferenceSession } from 'onnxruntime-node';
import { Tensor as OrtTensor } from 'onnxruntime-node';
import { LabError, messageOf } from '../../../shared/errors.ts';
import { lowerToOnnx, valueName } from '../../graph/onnx.ts';
import type { HalfPrecision } from '../../graph/half-precision.ts';
import { lossScaleInput } from '../../graph/passes/loss-scale.ts';
import { dropoutFeeds } from '../../graph/ops/dropout.ts';
import type { ConstantData, Program, Value } from '../../graph/program.ts';
import type { DeviceReport, Feeds } from '../engine.ts';
import { indexLimits, requireIndices } from '../resident/index-limits.ts';
import type { ResidentState } from '../resident/state.ts';
import { gradientName, nextOutput } from '../resident/step-programs.ts';
import type { Update } from '../resident/update-program.ts';
import { isMomentKey } from '../resident/update-program.ts';
import { requireFeed } from './executable.ts';
import type { ManySteps } from './many-steps.ts';
import { repeatSteps } from './many-steps.ts';
import type { OpenResident, ResidentMemory } from './resident-memory.ts';
import { bytesInProcess } from './resident-memory.ts';
import type { CompiledGraph } from './sessions.ts';

export interface ResidentPlace {
  readonly report: DeviceReport;
  readonly memory: ResidentMemory;
  readonly open: OpenResident;
  /** 1 where tensors stay on the device between calls. */
  readonly stepsAtOnce: number;
  /** What the products of this executable's programs are computed in, where that is not float32. */
  readonly half?: HalfPrecision | undefined;
}

export type Tensors = Readonly<Record<string, OrtTensor>>;

export interface Built {
  readonly program: Program;
  readonly scalars?: readonly string[];
  readonly update?: Update;
  /** All that it makes goes to the process. */
  readonly isForCaller?: boolean;
  /** So many of it in one call. */
  readonly steps?: number;
}

export interface OpenProgram {
  readonly program: Program;
  readonly scalars: readonly string[];
  readonly update: Update | undefined;
  readonly plan: ManySteps | undefined;
  readonly session: CompiledGraph;
}

export interface ResidentCalls {
  /** Compiled when it is first asked for by this key. */
  opened(key: string, build: () => Built): Promise<OpenProgram>;
  /**
   * Everything that a program reads: the state, the batch, random numbers of (seed, step, micro-batch), and what is `given` by the name
   * of its input.
   */
  inputsOf(
    program: Program,
    feeds: Feeds,
    seedAndStep: readonly [number, number, number],
    given?: Tensors,
  ): Promise<Record<string, OrtTensor>>;
  /** Throws `LabError('engine-failed')`. */
  call(program: OpenProgram, inputs: Tensors): Promise<Tensors>;
  /** Its sessions end with the state, whose tensors may be theirs. */
  release(): Promise<void>;
}

export function createResidentCalls(
  source: Program,
  state: ResidentState<OrtTensor>,
  place: ResidentPlace,
): ResidentCalls {
  const { memory } = place;
  const { traffic } = memory;
  const sessions = new Map<string, Promise<OpenProgram>>();
  /** Random numbers of dropout, which are the same at every step. */
  const pools = new Map<string, OrtTensor>();

  function opened(key: string, build: () => Built): Promise<OpenProgram> {
    const known = sessions.get(key);
    if (known) return known;
    const opening = open(build());
    sessions.set(key, opening);
    opening.catch(() => sessions.delete(key));
    return opening;
  }

  async function open({ program, scalars = [], update, isForCaller = false, steps }: Built): Promise<OpenProgram> {
    const single = lowerToOnnx(program, program.outputs, { onDevice: true, half: place.half });
    const plan = steps === undefined ? undefined : planMany(program, steps);
    const graph = plan ? repeatSteps(single, plan) : single;
    const names = isForCaller ? [] : graph.outputs.map(({ name }) => name).filter(isResident);
    return { program, scalars, update, plan, session: await place.open(graph, names) };
  }

  async function poolOf(name: string, data: ConstantData): Promise<OrtTensor> {
    if (!pools.has(name)) {
      const held = new Map([[name, new OrtTensor('float32', data as Float32Array, [data.length])]]); // pools are float32
      const settled = memory.location === 'cpu' ? held : await memory.settle(held);
      pools.set(name, settled.get(name)!); // it was asked for
    }
    return pools.get(name)!;
  }

  async function inputsOf(
    program: Program,
    feeds: Feeds,
    [seed, number, microBatch]: readonly [number, number, number],
    given: Tensors = {},
  ): Promise<Record<string, OrtTensor>> {
    await state.settle();
    const random = dropoutFeeds(program, seed, number, microBatch);
    const poolNames = new Set(program.dropoutSites.map(({ pool }) => valueName(pool)));
    const inputs: Record<string, OrtTensor> = {};
    for (const { name, value } of program.parameters.values()) inputs[valueName(value)] = state.get(name);
    for (const [name, value] of program.inputs) {
      const own = given[name] ?? (isMomentKey(name) ? state.get(name) : scaleOf(name));
      const pool = poolNames.has(name) ? random[name] : undefined;
      inputs[name] = own ?? (pool ? await poolOf(name, pool) : fed(name, value, feeds[name] ?? random[name]));
    }
    return inputs;
  }

  function scaleOf(name: string): OrtTensor | undefined {
    return name === lossScaleInput ? scalarTensor(state.lossScale?.scale ?? 1) : undefined;
  }

  const limits = indexLimits(source);

  function fed(name: string, value: Value, data: ConstantData | undefined): OrtTensor {
    const own = requireFeed(name, value, data);
    const rows = limits.get(name);
    if (rows !== undefined) requireIndices(name, own, rows);
    return new OrtTensor(value.dtype, own, [...value.shape]);
  }

  async function call({ program, session }: OpenProgram, inputs: Tensors): Promise<Tensors> {
    let results: InferenceSession.ReturnType;
    try {
      results = await session.run(inputs);
    } catch (error) {
      throw new LabError('engine-failed', `ONNX Runtime failed in ${program.name}: ${messageOf(error)}`, {}, error);
    }
    traffic.toDevice += bytesInProcess(Object.values(inputs));
    traffic.fromDevice += bytesInProcess(Object.values(results));
    return results;
  }

  return {
    opened,
    inputsOf,
    call,
    async release() {
      for (const pool of pools.values()) pool.dispose();
      const opened = await Promise.all(sessions.values());
      await state.defer(async () => {
        for (const { session } of opened) await session.release();
      });
      sessions.clear();
    },
  };
}

export function scalarTensor(value: number): OrtTensor {
  return new OrtTensor('float32', Float32Array.of(value), []);
}

/** What a program of a step carries from one to the next, and what each step has of its own. */
function planMany({ parameters, inputs, outputs, dropoutSites }: Program, steps: number): ManySteps {
  const byKey = new Map([
    ...[...parameters.values()].map(({ name, value }) => [name, valueName(value)] as const),
    ...[...inputs.keys()].filter(isMomentKey).map((name) => [name, name] as const),
  ]);
  const carried = [...byKey]
    .filter(([key]) => outputs.has(nextOutput(key)))
    .map(([key, input]) => [input, nextOutput(key)] as const);
  const pools = new Set(dropoutSites.map(({ pool }) => valueName(pool)));
  const own = [...inputs.keys()].filter((name) => !isMomentKey(name) && !pools.has(name));
  return { carried, own, steps };
}

/** What the next step reads. */
const isResident = (name: string): boolean => name.startsWith(nextOutput('')) || name.startsWith(gradientName(''));

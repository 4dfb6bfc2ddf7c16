/**
 * The default engine: a program becomes one ONNX model, and a training step one native call.
 *
 * Parameters, gradients and row gradients are views of one host memory (`host/parameter-store.ts`): ONNX Runtime reads
 * the weights and writes the gradients in place, and the optimizer's kernels work on the same bytes. Nothing is copied.
 */
import { createRequire } from 'node:module';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { LabError, messageOf } from '../../../shared/errors.ts';
import type { HalfPrecision } from '../../graph/half-precision.ts';
import type { OnnxGraph } from '../../graph/onnx.ts';
import { lowerToOnnx } from '../../graph/onnx.ts';
import { mergeCommonSubexpressions } from '../../graph/passes/common-subexpressions.ts';
import { withLossScale } from '../../graph/passes/loss-scale.ts';
import { removeDeadCode } from '../../graph/passes/dead-code.ts';
import type { Program } from '../../graph/program.ts';
import { elementCount } from '../../graph/shape.ts';
import { writeOnnx } from '../../formats/onnx/write.ts';
import type { CompileOptions, DeviceReport, Engine, Executable } from '../engine.ts';
import type { ParameterStore, ScratchRequest } from '../host/parameter-store.ts';
import { createParameterStore, matricesToOrthogonalise } from '../host/parameter-store.ts';
import { processThreads } from '../host/processor.ts';
import { threadsForAnswer } from '../answer-threads.ts';
import { fastestDevice } from '../choose-device.ts';
import { channelBlock } from './channel-block.ts';
import { probeDevice, probeDevices } from './devices.ts';
import { createExecutable } from './executable.ts';
import { fallbackNodes } from './fallbacks.ts';
import type { ResidentState } from '../resident/state.ts';
import { createResidentState } from '../resident/state.ts';
import { createResidentExecutable } from './resident-executable.ts';
import type { OpenResident, ResidentLocation, ResidentMemory } from './resident-memory.ts';
import { createResidentMemory } from './resident-memory.ts';
import { halfPrecisionOf, precisionsOf } from './precisions.ts';
import type { Orthogonaliser } from './orthogonaliser.ts';
import { createOrthogonaliser } from './orthogonaliser.ts';
import { createPooledExecutable, pooledWeights } from './pooled-executable.ts';
import type { SessionPool } from './session-pool.ts';
import { createSessionPool } from './session-pool.ts';
import type { CompiledGraph } from './sessions.ts';
import { openSession } from './sessions.ts';
import type { StepPlan } from './step-plan.ts';
import { planStep } from './step-plan.ts';

/**
 * Larger models are unrolled recurrences. ONNX Runtime's optimisations take more than proportionally long on them (10 s where the
 * session itself takes 2) and find next to nothing: a step takes as long without.
 */
const MOST_OPTIMISED_NODES = 3000;

/** Where weights cross the bus with every call. */
const usualStepsAtOnce = 16;

const storeOf = new WeakMap<Executable, ParameterStore>();
const residentOf = new WeakMap<Executable, Resident>();
const poolOf = new WeakMap<Executable, SessionPool>();

/** ONNX Runtime as an engine. Compiling throws `LabError('engine-failed')` where a device is missing or fails its self-check. */
export function createOnnxRuntimeEngine(): Engine {
  return {
    name: 'onnxruntime',
    async probe() {
      return { engine: 'onnxruntime', version: engineVersion(), devices: await probeDevices() };
    },
    precisionsOf,
    async compile(wanted, given = {}) {
      const device = given.device === 'auto' ? await deviceFor(this, given.shareStateWith) : (given.device ?? 'cpu');
      const options = { ...given, device };
      const report = await deviceReport(device);
      const half = await halfPrecisionOf(wanted, device, options);
      const source = half?.type === 'float16' ? withLossScale(wanted) : wanted;
      const program = removeDeadCode(mergeCommonSubexpressions(source));
      if (options.optimizer && program.gradients.length === 0) {
        throw new LabError('internal', `${program.name} is to be trained, but nothing in it has a gradient`);
      }
      const { atOnce = 1, shareStateWith } = options;
      if (device !== 'cpu' || options.resident || (shareStateWith && residentOf.has(shareStateWith))) {
        return compileResident(source, options, report, half);
      }
      const plan = planStep(program);
      const most = options.threads ?? processThreads();
      const threads = options.forQuestions ? threadsForAnswer(source, most) : most;
      const orthogonaliser = shareStateWith
        ? undefined
        : await createOrthogonaliser(matricesToOrthogonalise(program, options), (graph) =>
            openGraph(graph, sessionOptions(graph, device, threads)),
          );
      await using held = new AsyncDisposableStack(); // until the executable has it
      held.defer(async () => orthogonaliser?.release());
      const store = shareStateWith ? sharedStore(shareStateWith) : newStore(plan, options, orthogonaliser);
      const graph = lowerToOnnx(program, plan.outputs, half ? { half } : { channelBlock: await channelBlock() });
      if (atOnce > 1) {
        const known = shareStateWith && poolOf.get(shareStateWith);
        const pool = known ?? createSessionPool(atOnce, () => pooledWeights(program, store));
        const share = Math.max(1, Math.floor(threads / atOnce));
        const session = pool.open(writeOnnx(graph), sessionOptions(graph, device, share));
        const place = { store, pool, device: report };
        const pooled = createPooledExecutable(
          program,
          session,
          place,
          known ? () => Promise.resolve() : () => pool.end(),
        );
        storeOf.set(pooled, store);
        poolOf.set(pooled, pool);
        return pooled;
      }
      const session = await openGraph(graph, sessionOptions(graph, device, threads, options));
      const kept = held.move();
      const executable = createExecutable(plan, session, store, report, () => kept.disposeAsync(), options.lossScale);
      storeOf.set(executable, store);
      return executable;
    },
  };
}

let fastest: Promise<string> | undefined;

/** Measured once in the life of the process; executables that share state share the device. */
async function deviceFor(engine: Engine, shareStateWith: Executable | undefined): Promise<string> {
  if (shareStateWith) return shareStateWith.device.device;
  fastest ??= fastestDevice(engine);
  return fastest;
}

/** With weights that stay on the device. */
async function compileResident(
  source: Program,
  options: CompileOptions,
  report: DeviceReport,
  half: HalfPrecision | undefined,
): Promise<Executable> {
  const { shareStateWith, threads = processThreads() } = options;
  const { device } = report;
  const shared = shareStateWith && residentOf.get(shareStateWith);
  if (shareStateWith && !shared) {
    throw new LabError('internal', 'state can only be shared between resident executables');
  }
  const open: OpenResident = (graph, resident) =>
    openOnDevice(graph, device, {
      ...sessionOptions(graph, device, threads, { ...options, forQuestions: false }),
      ...(device === 'webgpu' && resident.length > 0 && { preferredOutputLocation: locationsOf(graph, resident) }),
    });
  const { state, memory } =
    shared ?? newResident(source, options, createResidentMemory(residentLocation(device), open));
  const stepsAtOnce = options.stepsAtOnce ?? (device === 'webgpu' || device === 'cpu' ? 1 : usualStepsAtOnce);
  const place = { report, memory, open, stepsAtOnce, half };
  const executable = createResidentExecutable(source, state, place, async () => {
    if (!shared) await state.release();
  });
  try {
    if (!shared || source.gradients.length === 0) await executable.prepare(); // what cannot be compiled is said at once
  } catch (error) {
    await executable.release();
    throw error;
  }
  residentOf.set(executable, { state, memory });
  return executable;
}

interface Resident {
  readonly state: ResidentState<OrtTensor>;
  readonly memory: ResidentMemory;
}

function newResident(source: Program, options: CompileOptions, memory: ResidentMemory): Resident {
  const state = createResidentState(source, options, memory);
  void state.defer(() => memory.release()); // nothing has been released yet
  return { state, memory };
}

/** The Node binding keeps tensors on devices through WebGPU alone. */
function residentLocation(device: string): ResidentLocation {
  return device === 'webgpu' ? 'gpu-buffer' : 'cpu';
}

/** As `openGraph`; where the device cannot compute all of it, the error says what. */
async function openOnDevice(
  graph: OnnxGraph,
  device: string,
  options: InferenceSession.SessionOptions,
): Promise<CompiledGraph> {
  try {
    return await openGraph(graph, options);
  } catch (error) {
    if (!messageOf(error).includes('fallback to CPU EP has been explicitly disabled')) throw error;
    const nodes = await fallbackNodes(graph, { ...options, extra: {} });
    const shown = nodes.slice(0, 5).map(({ opType, name }) => `${opType} (${name})`);
    throw new LabError(
      'engine-failed',
      `The device '${device}' cannot compute ${String(nodes.length)} operations of ${graph.name}: ${shown.join(', ')}` +
        `${nodes.length > shown.length ? ', …' : ''}. Take another device, or set engine.allowFallback to let the processor compute them`,
      { device, nodes },
      error,
    );
  }
}

function locationsOf({ outputs }: OnnxGraph, resident: readonly string[]): Record<string, 'gpu-buffer' | 'cpu'> {
  const kept = new Set(resident);
  return Object.fromEntries(outputs.map(({ name }) => [name, kept.has(name) ? 'gpu-buffer' : 'cpu']));
}

/** The version of the installed onnxruntime-node. */
export function engineVersion(): string {
  const manifest = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }; // npm's format
  return manifest.version;
}

function newStore(plan: StepPlan, options: CompileOptions, orthogonaliser?: Orthogonaliser): ParameterStore {
  const keys = new Set([
    ...plan.rows.flatMap(({ indices, rows }) => [indices, rows]),
    ...plan.states.map(({ name }) => name),
  ]);
  const scratch: ScratchRequest[] = [...keys].map((key) => ({
    key,
    elements: elementCount(plan.outputs.get(key)!.shape), // the keys come from the same plan
  }));
  return createParameterStore(
    plan.program,
    options,
    [...scratch, ...(orthogonaliser?.scratch ?? [])],
    orthogonaliser?.run,
  );
}

function sharedStore(executable: Executable): ParameterStore {
  const store = storeOf.get(executable);
  if (!store) throw new LabError('internal', 'state can only be shared between executables of one engine');
  return store;
}

async function deviceReport(device: string): Promise<DeviceReport> {
  const report = await probeDevice(device);
  if (!report.available) {
    throw new LabError(
      'engine-unavailable',
      `ONNX Runtime cannot use the device '${device}' here${report.reason === undefined ? '' : `: ${report.reason}`}`,
    );
  }
  return report;
}

async function openGraph(graph: OnnxGraph, options: InferenceSession.SessionOptions): Promise<CompiledGraph> {
  try {
    return await openSession(writeOnnx(graph), options);
  } catch (error) {
    throw new LabError('engine-failed', `ONNX Runtime cannot compile ${graph.name}: ${messageOf(error)}`, {}, error);
  }
}

/**
 * Whether all memory of a call is planned from the second one on. The plan is laid out beside what the first call took, half as much again in
 * a training step of images or attention, which is no faster by it; recurrences, which make thousands of small tensors, take 6 % longer without.
 */
function isOfSmallTensors({ nodes }: OnnxGraph): boolean {
  return nodes.length > MOST_OPTIMISED_NODES && !nodes.some(({ opType }) => opType === 'Conv');
}

function sessionOptions(
  graph: OnnxGraph,
  device: string,
  threads: number,
  { forQuestions = false, allowFallback = false }: Pick<CompileOptions, 'forQuestions' | 'allowFallback'> = {},
): InferenceSession.SessionOptions {
  return {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: graph.nodes.length > MOST_OPTIMISED_NODES ? 'disabled' : 'all',
    enableMemPattern: isOfSmallTensors(graph),
    logSeverityLevel: 3,
    // Threads of a session wait by spinning, also for its next call, and take the cores from another session that is called then: with
    // four of them in turn, each takes three times as long. Within a call it gains a tenth, where nobody else wants the cores.
    extra: {
      session: {
        ...(forQuestions ? { intra_op: { allow_spinning: '0' } } : { force_spinning_stop: '1' }),
        ...(device === 'webgpu' && !allowFallback && { disable_cpu_ep_fallback: '1' }),
      },
    },
  };
}

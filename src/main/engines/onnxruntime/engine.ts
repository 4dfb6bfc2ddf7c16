/**
 * The default engine: a program becomes one ONNX model, and a training step one native call.
 *
 * Parameters, gradients and row gradients are views of one host memory (`host/parameter-store.ts`): ONNX Runtime reads
 * the weights and writes the gradients in place, and the optimizer's kernels work on the same bytes. Nothing is copied.
 */
import { createRequire } from 'node:module';
import type { InferenceSession } from 'onnxruntime-node';
import { LabError, messageOf } from '../../../shared/errors.ts';
import type { OnnxGraph } from '../../graph/onnx.ts';
import { lowerToOnnx } from '../../graph/onnx.ts';
import { mergeCommonSubexpressions } from '../../graph/passes/common-subexpressions.ts';
import { removeDeadCode } from '../../graph/passes/dead-code.ts';
import { elementCount } from '../../graph/shape.ts';
import { writeOnnx } from '../../formats/onnx/write.ts';
import type { CompileOptions, DeviceReport, Engine, Executable } from '../engine.ts';
import type { ParameterStore, ScratchRequest } from '../host/parameter-store.ts';
import { createParameterStore, matricesToOrthogonalise } from '../host/parameter-store.ts';
import { processThreads } from '../host/processor.ts';
import { threadsForAnswer } from '../answer-threads.ts';
import { channelBlock } from './channel-block.ts';
import { probeDevice, probeDevices } from './devices.ts';
import { createExecutable } from './executable.ts';
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

const storeOf = new WeakMap<Executable, ParameterStore>();
const poolOf = new WeakMap<Executable, SessionPool>();

/** ONNX Runtime as an engine. Compiling throws `LabError('engine-failed')` where a device is missing or fails its self-check. */
export function createOnnxRuntimeEngine(): Engine {
  return {
    name: 'onnxruntime',
    async probe() {
      return { engine: 'onnxruntime', version: engineVersion(), devices: await probeDevices() };
    },
    async compile(source, options = {}) {
      const device = options.device ?? 'cpu';
      const report = await deviceReport(device);
      const program = removeDeadCode(mergeCommonSubexpressions(source));
      if (options.optimizer && program.gradients.length === 0) {
        throw new LabError('internal', `${program.name} is to be trained, but nothing in it has a gradient`);
      }
      const plan = planStep(program);
      const most = options.threads ?? processThreads();
      const threads = options.forQuestions ? threadsForAnswer(source, most) : most;
      const orthogonaliser = options.shareStateWith
        ? undefined
        : await createOrthogonaliser(matricesToOrthogonalise(program, options), (graph) =>
            createSession(graph, device, threads),
          );
      const store = options.shareStateWith
        ? sharedStore(options.shareStateWith)
        : newStore(plan, options, orthogonaliser);
      const graph = lowerToOnnx(program, plan.outputs, {
        channelBlock: device === 'cpu' ? await channelBlock() : undefined,
      });
      const { atOnce = 1, shareStateWith } = options;
      if (atOnce > 1 && device === 'cpu') {
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
      const session = await createSession(graph, device, threads, options.forQuestions);
      const executable = createExecutable(plan, session, store, report, async () => orthogonaliser?.release());
      storeOf.set(executable, store);
      return executable;
    },
  };
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

async function createSession(
  graph: OnnxGraph,
  device: string,
  threads: number,
  forQuestions = false,
): Promise<CompiledGraph> {
  try {
    return await openSession(writeOnnx(graph), sessionOptions(graph, device, threads, forQuestions));
  } catch (error) {
    throw new LabError('engine-failed', `ONNX Runtime cannot compile ${graph.name}: ${messageOf(error)}`, {}, error);
  }
}

function sessionOptions(
  graph: OnnxGraph,
  device: string,
  threads: number,
  forQuestions = false,
): InferenceSession.SessionOptions {
  return {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: graph.nodes.length > MOST_OPTIMISED_NODES ? 'disabled' : 'all',
    enableMemPattern: true,
    logSeverityLevel: 3,
    // Threads of a session wait by spinning, also for its next call, and take the cores from another session that is called then: with
    // four of them in turn, each takes three times as long. Within a call it gains a tenth, where nobody else wants the cores.
    extra: { session: forQuestions ? { intra_op: { allow_spinning: '0' } } : { force_spinning_stop: '1' } },
  };
}

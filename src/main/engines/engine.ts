/**
 * The engine interface. An engine executes whole tensor programs, not single ops: the weights, their gradients and the
 * optimizer's moments live inside an `Executable`, wherever that is (process memory, a GPU), and a training step is one
 * call. Which engine and device really ran is part of every answer.
 */
import type { HalfType } from '../graph/half-precision.ts';
import type { ConstantData, Parameter, Program, Shape } from '../graph/program.ts';
import type { OptimizerConfig } from './optimizer.ts';

export type EngineName = 'onnxruntime' | 'tensorflow';

/** What the products of a network are computed in while it is trained. */
export type Precision = 'float32' | HalfType;

export interface Engine {
  readonly name: EngineName;
  /** What is really there; never throws for a device that is missing, but says why it is. */
  probe(): Promise<EngineReport>;
  /** The half precisions in which a device has all products; left out where it has none. The processor rounds to all of them. */
  precisionsOf?(device: string): Promise<readonly HalfType[]>;
  /** Throws `LabError('engine-failed')` when the program cannot be compiled, with the engine's own message. */
  compile(program: Program, options?: CompileOptions): Promise<Executable>;
}

export interface EngineReport {
  readonly engine: EngineName;
  readonly version: string;
  readonly devices: readonly DeviceReport[];
}

export interface DeviceReport {
  /** As in `CompileOptions.device`. */
  readonly device: string;
  /** The hardware's own name, e.g. the processor's model. */
  readonly description: string;
  readonly available: boolean;
  /** Why it is not available and what would make it so. */
  readonly reason?: string;
}

/** How gradients in float16 are scaled. */
export interface LossScaleOptions {
  /** The first scale, a power of two. */
  readonly initial?: number;
  /** Good steps after which it doubles. */
  readonly growEvery?: number;
}

export interface CompileOptions {
  /** Present for training: the program must have gradients. */
  readonly optimizer?: OptimizerConfig;
  /**
   * Decay of an exponential moving average of the weights, 0 or left out for none. Exported states hold the averages as
   * parameters, and the weights as they are trained as part of the optimizer's state.
   */
  readonly weightAverage?: number;
  /** Per-parameter factors, fixed at compile time: discriminative rates, layer-wise decay, no decay on biases. */
  readonly parameterGroup?: (parameter: Parameter) => ParameterGroup;
  /** Another executable of the same engine whose parameters and optimizer state this one reads and writes. */
  readonly shareStateWith?: Executable;
  /**
   * 'cpu' (default), 'webgpu', 'cuda', 'dml', 'coreml': what the engine's report lists. A device that cannot be used is an error, never a
   * silent fallback. 'auto' is the fastest that passes the self-check.
   */
  readonly device?: string;
  /**
   * On the processor too, weights and moments stay where the program computes, and the optimizer is a part of it, as always on graphics
   * cards: for tests. The host's kernels are faster, and updates differ in their last bits.
   */
  readonly resident?: boolean;
  /**
   * Steps that one call makes where weights cannot stay on the device between calls, and so cross the bus once for all of them; 16 by
   * default there.
   */
  readonly stepsAtOnce?: number;
  /**
   * Of the products in programs with gradients; float32 by default. Weights, moments, sums, normalisation, softmax and losses are float32
   * in any case, and so is a program without gradients. With float16 gradients are scaled (`loss-scale.ts`). A device that lacks it
   * is an error, `LabError('engine-unavailable')`, never a silent float32; the processor rounds, which is for checks.
   */
  readonly precision?: Precision;
  /** For tests: another beginning and growth of the scale of gradients. */
  readonly lossScale?: LossScaleOptions;
  /** Lets the processor compute what the device cannot, with ways over the bus at every step; otherwise that is an error which names it. */
  readonly allowFallback?: boolean;
  /** Intra-op threads; default: physical cores. */
  readonly threads?: number;
  /**
   * Single questions are asked of it, now and then: it gets as many of the threads as it is worth (`threadsForAnswer`), and they do
   * not spin while they wait for each other, which costs others more than it gains here. For answers alone: how the sums of a training
   * are divided is part of what it is.
   */
  readonly forQuestions?: boolean;
  /**
   * So many calls of `run` are computed at the same time where the engine can, which share `threads`; 1 by default. For answers alone:
   * with more than one, nothing is trained, and what cannot be compiled is said when it is first run.
   */
  readonly atOnce?: number;
}

export interface ParameterGroup {
  /** Multiplies the learning rate. */
  readonly learningRateScale: number;
  /** Whether decoupled weight decay applies. */
  readonly decay: boolean;
  /**
   * Updates before it takes part, 0 by default. Until then it stays as it is to the bit and counts for no norm; then its moments
   * begin as at the first update of all.
   */
  readonly startsAt?: number;
  /**
   * Present for a hidden matrix, which optimizers such as Muon treat in a way of their own: its sizes as it is stored, kernels
   * as [outputs, everything else], and √max(1, outputs / inputs).
   */
  readonly matrix?: { readonly rows: number; readonly columns: number; readonly scale: number };
}

/** Typed arrays by input name; lengths and types must fit the program's inputs. Dropout inputs are filled by the engine. */
export type Feeds = Readonly<Record<string, ConstantData>>;

export interface Tensor {
  readonly shape: Shape;
  readonly data: ConstantData;
}

export interface StepOptions {
  /** Already scheduled. */
  readonly learningRate: number;
  /** Dropout is a function of (seed, step, micro-batch, site). */
  readonly seed: number;
  /** Number of updates before this one. */
  readonly step: number;
}

/** One of several steps that are made in one call. */
export interface PlannedStep {
  readonly batch: Feeds;
  readonly options: StepOptions;
}

export interface StepResult {
  /** The program's scalar outputs, averaged over the micro-batches. */
  readonly scalars: Readonly<Record<string, number>>;
  /** Global L2 norm of the gradient, before clipping. */
  readonly gradientNorm: number;
  /** False when the loss or the norm is NaN or infinite; nothing was updated then. True for a skipped step. */
  readonly finite: boolean;
  /** The scaled gradient overflowed in float16: nothing was updated, the scale is halved, and training goes on. */
  readonly skipped?: true;
  /** What gradients were multiplied by within the step; with float16 alone. */
  readonly lossScale?: number;
}

/**
 * Parameters, and the optimizer's moments under `<parameter>/<moment>`, by name; with float16 also the scale of gradients, under
 * `lossScaleKey`.
 */
export interface EngineState {
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly optimizer: ReadonlyMap<string, Tensor>;
  /** Updates so far, which Adam's bias correction depends on. */
  readonly updates: number;
}

/** What it holds — weights, sessions, memory of a device — is given back by `release`, which is also how it is disposed of. */
export interface Executable extends AsyncDisposable {
  /** The device that really runs it. */
  readonly device: DeviceReport;
  /** Forward, backward and update over one batch, or several micro-batches whose gradients are averaged. */
  step(batches: readonly [Feeds, ...Feeds[]], options: StepOptions): Promise<StepResult>;
  /** How many steps `stepMany` makes in one call; left out where each is a call of its own. */
  readonly stepsAtOnce?: number;
  /**
   * Steps of one batch each, one after the other, to the same bits as with `step`. The results end with the first that is not finite;
   * the steps before it were made.
   */
  stepMany?(steps: readonly PlannedStep[]): Promise<readonly StepResult[]>;
  /** Forward only: every output of the program. The arrays are the caller's. */
  run(feeds: Feeds): Promise<Readonly<Record<string, Tensor>>>;
  /**
   * Forward and backward without an update: the gradient of every trainable parameter. For checks and diagnostics. ONNX
   * Runtime throws `LabError('engine-failed')` where the program was compiled without an optimizer, and so without room for gradients.
   */
  gradients(
    feeds: Feeds,
    options?: { readonly seed: number; readonly step: number },
  ): Promise<{
    readonly outputs: Readonly<Record<string, Tensor>>;
    readonly gradients: ReadonlyMap<string, Tensor>;
  }>;
  /**
   * Does the work with averaged weights in the place of those that are trained, which come back afterwards: what reads this
   * executable's weights, others that share them too, reads the averages. Without averages the work is just done.
   */
  withAverages<Result>(work: () => Promise<Result>): Promise<Result>;
  /** A copy, in the caller's memory. */
  exportState(): Promise<EngineState>;
  /** Its parameters alone: the moments, which are twice as much or more, stay where they are. */
  exportParameters(): Promise<EngineState['parameters']>;
  /** Sets what is named and leaves the rest. Throws `LabError('shape')` for a tensor that does not fit. */
  importState(state: Partial<EngineState>): Promise<void>;
  release(): Promise<void>;
}

/**
 * The weights of an executable, with their gradients and moments, in one memory. Regions are laid out alike, so that
 * the same offset finds a weight, its gradient and its moments:
 *
 *     weights (trainable, then frozen and state) | gradients | moments … | accumulated gradients | scratch
 *
 * Only the trainable part has gradients and moments.
 */
import { LabError } from '../../../shared/errors.ts';
import type { Parameter, Program, Shape } from '../../graph/program.ts';
import { elementCount, sameShape, showShape } from '../../graph/shape.ts';
import type { CompileOptions, EngineState, ParameterGroup, StepOptions, Tensor } from '../engine.ts';
import type { OptimizerConfig } from '../optimizer.ts';
import { momentsOf } from '../optimizer.ts';
import type { HostMemory } from './kernels.ts';
import { createHostMemory } from './kernels.ts';

/** Regions start on cache lines. */
const alignment = 16;
const floatBytes = Float32Array.BYTES_PER_ELEMENT;

interface Slot {
  readonly parameter: Parameter;
  /** In elements from the start of the region. */
  readonly offset: number;
  readonly length: number;
  /** Present where the optimizer updates it. */
  readonly group: ParameterGroup | undefined;
}

export interface ParameterStore {
  readonly optimizer: OptimizerConfig | undefined;
  /** Number of optimizer updates so far. */
  updates: number;
  weights(parameter: Parameter): Float32Array;
  gradient(parameter: Parameter): Float32Array;
  /** Memory for things that live for one step, such as row gradients; `float32` and `int32` views of the same place. */
  scratch(key: string): { readonly float32: Float32Array; readonly int32: Int32Array };
  clearGradient(parameter: Parameter): void;
  addRowGradient(parameter: Parameter, indicesKey: string, rowsKey: string): void;
  /** Adds the gradients to the accumulated ones; with `last`, leaves the sum where the gradients are. */
  accumulate(last: boolean): void;
  /** L2 norm of all gradients. */
  gradientNorm(): number;
  /** Gradients are multiplied by `gradientScale` first, then clipped to the optimizer's global norm. */
  update(options: StepOptions, gradientScale: number, gradientNorm: number): void;
  exportState(): EngineState;
  importState(state: Partial<EngineState>): void;
}

export interface ScratchRequest {
  readonly key: string;
  readonly elements: number;
}

/** Lays out and reserves the memory for a program. Throws `LabError('out-of-memory')`. */
export function createParameterStore(
  program: Program,
  options: CompileOptions,
  scratch: readonly ScratchRequest[],
): ParameterStore {
  const { optimizer } = options;
  const updated = new Set(optimizer ? program.gradients.map(({ parameter }) => parameter.name) : []);
  const slots = layOut(program, updated, options);
  const trainableLength = regionLength(slots.filter(({ group }) => group));
  const allLength = regionLength(slots);
  const momentNames = optimizer ? momentsOf(optimizer) : [];

  let end = allLength;
  const region = (length: number): number => {
    const start = end;
    end += align(length);
    return start;
  };
  const gradientStart = region(trainableLength);
  const momentStarts = momentNames.map(() => region(trainableLength));
  const accumulatedStart = region(trainableLength);
  const scratchStarts = new Map(scratch.map(({ key, elements }) => [key, { start: region(elements), elements }]));
  const memory: HostMemory = createHostMemory(end * floatBytes);
  const { kernels } = memory;

  const slotOf = new Map(slots.map((slot) => [slot.parameter.name, slot]));
  const find = (name: string): Slot => {
    const slot = slotOf.get(name);
    if (!slot) throw new LabError('internal', `the program has no parameter ${name}`);
    return slot;
  };
  const view = (start: number, length: number): Float32Array =>
    new Float32Array(memory.buffer, start * floatBytes, length);
  const scratchAt = (key: string): { start: number; elements: number } => {
    const place = scratchStarts.get(key);
    if (!place) throw new LabError('internal', `no scratch memory was reserved for ${key}`);
    return place;
  };
  let accumulating = false;

  return {
    optimizer,
    updates: 0,
    weights: ({ name }) => view(find(name).offset, find(name).length),
    gradient: ({ name }) => view(gradientStart + find(name).offset, find(name).length),
    scratch(key) {
      const { start, elements } = scratchAt(key);
      return { float32: view(start, elements), int32: new Int32Array(memory.buffer, start * floatBytes, elements) };
    },
    clearGradient: ({ name }) => view(gradientStart + find(name).offset, find(name).length).fill(0),
    addRowGradient({ name, shape }, indicesKey, rowsKey) {
      const tableRows = shape[0] ?? 1;
      const indices = scratchAt(indicesKey);
      const outside = kernels.addRows(
        (gradientStart + find(name).offset) * floatBytes,
        tableRows,
        indices.start * floatBytes,
        scratchAt(rowsKey).start * floatBytes,
        indices.elements,
        elementCount(shape) / tableRows,
      );
      if (outside > 0) {
        throw new LabError(
          'bad-input',
          `${String(outside)} indices lie outside the ${String(tableRows)} rows of ${name}: the data was encoded for another vocabulary`,
        );
      }
    },
    accumulate(last) {
      const gradients = gradientStart * floatBytes;
      const accumulated = accumulatedStart * floatBytes;
      if (last) {
        if (accumulating) kernels.addTo(gradients, accumulated, trainableLength);
      } else if (accumulating) {
        kernels.addTo(accumulated, gradients, trainableLength);
      } else {
        view(accumulatedStart, trainableLength).set(view(gradientStart, trainableLength));
      }
      accumulating = !last;
    },
    gradientNorm() {
      const squares = (offset: number, length: number): number =>
        kernels.sumOfSquares((gradientStart + offset) * floatBytes, length);
      const isActive = ({ group }: Slot): boolean => group !== undefined && startOf(group) <= this.updates;
      const trained = slots.filter(({ group }) => group);
      if (trained.every(isActive)) return Math.sqrt(squares(0, trainableLength));
      const active = trained.filter(isActive);
      return Math.sqrt(active.reduce((sum, { offset, length }) => sum + squares(offset, align(length)), 0));
    },
    update({ learningRate }, gradientScale, gradientNorm) {
      if (!optimizer) throw new LabError('internal', 'this executable was compiled without an optimizer');
      this.updates++;
      const { clipNorm, weightDecay } = optimizer;
      const clip = clipNorm > 0 && gradientNorm > clipNorm ? clipNorm / gradientNorm : 1;
      for (const { offset, length, group } of slots) {
        const updates = group ? this.updates - startOf(group) : 0;
        if (!group || updates < 1) continue;
        const rate = learningRate * group.learningRateScale;
        const shrink = group.decay ? 1 - rate * weightDecay : 1;
        const [weights, gradients, ...moments] = [0, gradientStart, ...momentStarts].map(
          (start) => (start + offset) * floatBytes,
        ) as [number, number, ...number[]]; // two, and the moments
        const padded = align(length); // the padding between slots stays zero under every update rule
        if (optimizer.type === 'adamw') {
          const { beta1, beta2, epsilon } = optimizer;
          const [first, second] = moments as [number, number]; // as `momentsOf` says
          const stepSize = rate / (1 - beta1 ** updates);
          const secondScale = 1 / Math.sqrt(1 - beta2 ** updates);
          kernels.adamW(
            weights, gradients, first, second, padded,
            gradientScale * clip, beta1, beta2, epsilon, stepSize, secondScale, shrink,
          ); // prettier-ignore
        } else {
          const { momentum, nesterov } = optimizer;
          kernels.sgd(
            weights,
            gradients,
            moments[0] ?? 0,
            padded,
            gradientScale * clip,
            momentum,
            nesterov,
            rate,
            shrink,
          );
        }
      }
    },
    exportState() {
      const parameters = new Map<string, Tensor>();
      const moments = new Map<string, Tensor>();
      for (const { parameter, offset, length, group } of slots) {
        parameters.set(parameter.name, { shape: parameter.shape, data: view(offset, length).slice() });
        momentNames.forEach((name, index) => {
          if (!group) return;
          const start = momentStarts[index]! + offset; // as many starts as names
          moments.set(`${parameter.name}/${name}`, { shape: parameter.shape, data: view(start, length).slice() });
        });
      }
      return { parameters, optimizer: moments, updates: this.updates };
    },
    importState({ parameters, optimizer: moments, updates }) {
      for (const [name, tensor] of parameters ?? []) {
        const { parameter, offset, length } = find(name);
        view(offset, length).set(checked(name, tensor, parameter.shape));
      }
      for (const [key, tensor] of moments ?? []) {
        const slash = key.lastIndexOf('/');
        const { parameter, offset, length } = find(key.slice(0, slash));
        const start = momentStarts[momentNames.indexOf(key.slice(slash + 1))];
        if (start === undefined) {
          throw new LabError(
            'bad-input',
            `the checkpoint holds ${key}, which the optimizer ${optimizer?.type ?? '(none)'} does not keep`,
          );
        }
        view(start + offset, length).set(checked(key, tensor, parameter.shape));
      }
      if (updates !== undefined) this.updates = updates;
    },
  };
}

function layOut(program: Program, updated: ReadonlySet<string>, { parameterGroup }: CompileOptions): readonly Slot[] {
  const parameters = [...program.parameters.values()];
  const isUpdated = ({ name }: Parameter): boolean => updated.has(name);
  let offset = 0;
  return [...parameters.filter(isUpdated), ...parameters.filter((parameter) => !isUpdated(parameter))].map(
    (parameter) => {
      const length = elementCount(parameter.shape);
      const group = isUpdated(parameter)
        ? (parameterGroup?.(parameter) ?? { learningRateScale: 1, decay: parameter.decay })
        : undefined;
      const slot = { parameter, offset, length, group };
      offset += align(length);
      return slot;
    },
  );
}

/** Updates before a group takes part. */
function startOf({ startsAt = 0 }: ParameterGroup): number {
  return startsAt;
}

function regionLength(slots: readonly Slot[]): number {
  return slots.reduce((sum, { length }) => sum + align(length), 0);
}

function align(elements: number): number {
  return Math.ceil(elements / alignment) * alignment;
}

function checked(name: string, { shape, data }: Tensor, expected: Shape): Float32Array {
  if (!sameShape(shape, expected) || !(data instanceof Float32Array)) {
    throw new LabError(
      'shape',
      `the tensor ${name} has the shape ${showShape(shape)}; the pipeline needs ${showShape(expected)}`,
    );
  }
  return data;
}

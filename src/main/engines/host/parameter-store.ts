/**
 * The weights of an executable, with their gradients and moments, in one memory. Regions are laid out alike, so that
 * the same offset finds a weight, its gradient and its moments:
 *
 *     weights (trainable, then frozen and state) | gradients | moments … | averages | accumulated gradients | scratch
 *
 * Only the trainable part has gradients, moments and averages.
 */
import { LabError } from '../../../shared/errors.ts';
import type { Parameter, Program } from '../../graph/program.ts';
import { elementCount } from '../../graph/shape.ts';
import { checkedData, groupOf, parseMomentKey, unknownMoment } from '../stored-state.ts';
import type { CompileOptions, EngineState, ParameterGroup, StepOptions, Tensor } from '../engine.ts';
import type { LossScale } from '../loss-scale.ts';
import { initialLossScale, lossScaleKey, lossScaleOf, lossScaleTensor } from '../loss-scale.ts';
import type { Chain, OptimizerConfig } from '../optimizer.ts';
import { averageDecayAt, chainOf, momentsOf, trainedWeights } from '../optimizer.ts';
import type { MatrixFactor } from '../orthogonalise.ts';
import type { UpdateFactors, UpdatePlace } from './apply-chain.ts';
import { applyFused, applyTransforms, isFused } from './apply-chain.ts';
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
  readonly trained: TrainedSlot | undefined;
}

interface TrainedSlot {
  readonly group: ParameterGroup;
  readonly chain: Chain;
  readonly isFused: boolean;
  /** Place of the orthogonalisation in the chain; −1 where there is none. */
  readonly orthogonalisedAt: number;
  readonly moments: readonly string[];
}

export interface ParameterStore {
  readonly optimizer: OptimizerConfig | undefined;
  /** Number of optimizer updates so far. */
  updates: number;
  /** Of the next step; present with float16. */
  lossScale: LossScale | undefined;
  weights(parameter: Parameter): Float32Array;
  gradient(parameter: Pick<Parameter, 'name'>): Float32Array;
  /** Memory for things that live for one step, such as row gradients; `float32` and `int32` views of the same place. */
  scratch(key: string): { readonly float32: Float32Array; readonly int32: Int32Array };
  clearGradient(parameter: Parameter): void;
  /** Adds the first `count` of the rows that are in scratch memory. */
  addRowGradient(parameter: Parameter, indicesKey: string, rowsKey: string, count: number): void;
  /** Adds the gradients to the accumulated ones; with `last`, leaves the sum where the gradients are. */
  accumulate(last: boolean): void;
  /** L2 norm of all gradients. */
  gradientNorm(): number;
  /** Gradients are multiplied by `gradientScale` first, then clipped to the optimizer's global norm. */
  update(options: StepOptions, gradientScale: number, gradientNorm: number): Promise<void>;
  /** See `Executable`. */
  withAverages<Result>(work: () => Promise<Result>): Promise<Result>;
  exportState(): EngineState;
  exportParameters(): EngineState['parameters'];
  importState(state: Partial<EngineState>): void;
}

export interface ScratchRequest {
  readonly key: string;
  readonly elements: number;
}

/** Orthogonalises the updates of the matrices of `matricesToOrthogonalise`, where they are. */
export type Orthogonalise = (store: ParameterStore) => Promise<void>;

/** The hidden matrices of a program whose chain orthogonalises their updates, and in how many iterations. */
export function matricesToOrthogonalise(
  program: Program,
  { optimizer, parameterGroup }: CompileOptions,
): { readonly matrices: ReadonlyMap<string, MatrixFactor>; readonly iterations: number } {
  const chain = optimizer ? chainOf(optimizer, true) : [];
  const step = chain.find((transform) => transform.type === 'orthogonalise');
  const matrices = program.gradients.flatMap(({ parameter }) => {
    const matrix = parameterGroup?.(parameter).matrix;
    return step && matrix ? [[parameter.name, matrix] as const] : [];
  });
  return { matrices: new Map(matrices), iterations: step?.type === 'orthogonalise' ? step.iterations : 0 };
}

/** Lays out and reserves the memory for a program. Throws `LabError('out-of-memory')`. */
export function createParameterStore(
  program: Program,
  options: CompileOptions,
  scratch: readonly ScratchRequest[],
  orthogonalise?: Orthogonalise,
): ParameterStore {
  const { optimizer, weightAverage = 0 } = options;
  const slots = layOut(program, options);
  const trainedSlots = slots.filter((slot): slot is Slot & { trained: TrainedSlot } => slot.trained !== undefined);
  const trainableLength = regionLength(trainedSlots);
  const allLength = regionLength(slots);
  const isAveraged = optimizer !== undefined && weightAverage > 0;

  let end = allLength;
  const region = (length: number): number => {
    const start = end;
    end += align(length);
    return start;
  };
  const gradientStart = region(trainableLength);
  const mostMoments = Math.max(0, ...trainedSlots.map(({ trained }) => trained.moments.length));
  const momentStarts = Array.from({ length: mostMoments }, () => region(trainableLength));
  const averageStart = region(isAveraged ? trainableLength : 0);
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
  let averagesInPlace = false;

  /** Exchanges the weights with their averages. */
  const swapAverages = (): void => {
    const [weights, averages] = [view(0, trainableLength), view(averageStart, trainableLength)];
    const kept = weights.slice();
    weights.set(averages);
    averages.set(kept);
    averagesInPlace = !averagesInPlace;
  };
  const copyOf = ({ parameter: { shape }, offset, length }: Slot, start: number): Tensor => ({
    shape,
    data: view(start + offset, length).slice(),
  });
  /** Where the weights of a region are that is asked for by what they mean. */
  const regionOf = (which: 'trained' | 'averaged'): number =>
    (which === 'trained') === averagesInPlace ? averageStart : 0;
  const placeOf = ({ offset, length, trained }: Slot & { trained: TrainedSlot }): UpdatePlace => ({
    weights: offset * floatBytes,
    gradients: (gradientStart + offset) * floatBytes,
    moments: trained.moments.map((_, index) => (momentStarts[index]! + offset) * floatBytes), // as many as the longest list
    length: align(length), // the padding between slots stays zero under every update rule
  });

  return {
    optimizer,
    updates: 0,
    lossScale: options.precision === 'float16' && optimizer ? initialLossScale(options.lossScale) : undefined,
    weights: ({ name }) => view(find(name).offset, find(name).length),
    gradient: ({ name }) => view(gradientStart + find(name).offset, find(name).length),
    scratch(key) {
      const { start, elements } = scratchAt(key);
      return { float32: view(start, elements), int32: new Int32Array(memory.buffer, start * floatBytes, elements) };
    },
    clearGradient: ({ name }) => view(gradientStart + find(name).offset, find(name).length).fill(0),
    addRowGradient({ name, shape }, indicesKey, rowsKey, count) {
      const tableRows = shape[0] ?? 1;
      const indices = scratchAt(indicesKey);
      const outside = kernels.addRows(
        (gradientStart + find(name).offset) * floatBytes,
        tableRows,
        indices.start * floatBytes,
        scratchAt(rowsKey).start * floatBytes,
        count,
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
      const active = trainedSlots.filter(({ trained }) => startOf(trained.group) <= this.updates);
      if (active.length === trainedSlots.length) return Math.sqrt(squares(0, trainableLength));
      return Math.sqrt(active.reduce((sum, { offset, length }) => sum + squares(offset, align(length)), 0));
    },
    async update({ learningRate }, gradientScale, gradientNorm) {
      if (!optimizer) throw new LabError('internal', 'this executable was compiled without an optimizer');
      this.updates++;
      const { clipNorm } = optimizer;
      const clip = clipNorm > 0 && gradientNorm > clipNorm ? clipNorm / gradientNorm : 1;
      const active = trainedSlots.filter(({ trained }) => startOf(trained.group) < this.updates);
      const factorsOf = ({ trained: { group } }: { trained: TrainedSlot }): UpdateFactors => ({
        learningRate: learningRate * group.learningRateScale,
        gradientScale: gradientScale * clip,
        update: this.updates - startOf(group),
        decay: group.decay,
      });
      const finish = (slot: (typeof active)[number], from: number): void => {
        const [place, factors] = [placeOf(slot), factorsOf(slot)];
        const { chain } = slot.trained;
        applyTransforms(kernels, chain, { from, to: chain.length }, place, factors);
        kernels.sgd(place.weights, place.gradients, 0, place.length, 1, 0, false, factors.learningRate, 1);
      };
      for (const slot of active) {
        const { chain, orthogonalisedAt } = slot.trained;
        const [place, factors] = [placeOf(slot), factorsOf(slot)];
        if (slot.trained.isFused) {
          applyFused(kernels, chain, place, factors);
          continue;
        }
        kernels.scaleBy(place.gradients, place.length, factors.gradientScale);
        if (orthogonalisedAt < 0) finish(slot, 0);
        else applyTransforms(kernels, chain, { from: 0, to: orthogonalisedAt }, place, factors);
      }
      const orthogonal = active.filter(({ trained }) => trained.orthogonalisedAt >= 0);
      if (orthogonal.length > 0) {
        await orthogonalise?.(this);
        for (const slot of orthogonal) finish(slot, slot.trained.orthogonalisedAt + 1);
      }
      if (isAveraged) {
        const share = 1 - averageDecayAt(weightAverage, this.updates);
        kernels.moveTowards(averageStart * floatBytes, 0, trainableLength, share);
      }
    },
    async withAverages(work) {
      if (!isAveraged || averagesInPlace) return work();
      swapAverages();
      try {
        return await work();
      } finally {
        swapAverages();
      }
    },
    exportState() {
      const moments = new Map<string, Tensor>();
      for (const slot of slots) {
        const { parameter, trained } = slot;
        trained?.moments.forEach(
          (name, index) => moments.set(`${parameter.name}/${name}`, copyOf(slot, momentStarts[index]!)), // as many as the longest list
        );
        if (trained && isAveraged) {
          moments.set(`${parameter.name}/${trainedWeights}`, copyOf(slot, regionOf('trained')));
        }
      }
      if (this.lossScale) moments.set(lossScaleKey, lossScaleTensor(this.lossScale));
      return { parameters: this.exportParameters(), optimizer: moments, updates: this.updates };
    },
    exportParameters() {
      return new Map(
        slots.map((slot) => [slot.parameter.name, copyOf(slot, slot.trained && isAveraged ? regionOf('averaged') : 0)]),
      );
    },
    importState({ parameters, optimizer: moments, updates }) {
      for (const [name, tensor] of parameters ?? []) {
        const { parameter, offset, length, trained } = find(name);
        const data = checkedData(name, tensor, parameter.shape);
        view(offset, length).set(data);
        if (trained && isAveraged) view(averageStart + offset, length).set(data);
      }
      for (const [key, tensor] of moments ?? []) {
        if (key === lossScaleKey) {
          if (this.lossScale) this.lossScale = lossScaleOf(tensor);
          continue;
        }
        const [parameterName, name] = parseMomentKey(key);
        const { parameter, offset, length, trained } = find(parameterName);
        const start =
          name === trainedWeights && isAveraged
            ? regionOf('trained')
            : momentStarts[trained?.moments.indexOf(name) ?? -1];
        if (start === undefined) {
          throw unknownMoment(key, optimizer);
        }
        view(start + offset, length).set(checkedData(key, tensor, parameter.shape));
      }
      if (updates !== undefined) this.updates = updates;
    },
  };
}

function layOut(program: Program, options: CompileOptions): readonly Slot[] {
  const { optimizer } = options;
  const updated = new Set(optimizer ? program.gradients.map(({ parameter }) => parameter.name) : []);
  const orthogonalised = matricesToOrthogonalise(program, options).matrices;
  const parameters = [...program.parameters.values()];
  const isUpdated = ({ name }: Parameter): boolean => updated.has(name);
  const trainedSlot = (parameter: Parameter, config: OptimizerConfig): TrainedSlot => {
    const group = groupOf(parameter, options);
    const chain = chainOf(config, group.matrix !== undefined);
    return {
      group,
      chain,
      isFused: isFused(chain),
      orthogonalisedAt: orthogonalised.has(parameter.name)
        ? chain.findIndex(({ type }) => type === 'orthogonalise')
        : -1,
      moments: momentsOf(chain),
    };
  };
  let offset = 0;
  return [...parameters.filter(isUpdated), ...parameters.filter((parameter) => !isUpdated(parameter))].map(
    (parameter) => {
      const length = elementCount(parameter.shape);
      const trained = optimizer && isUpdated(parameter) ? trainedSlot(parameter, optimizer) : undefined;
      const slot = { parameter, offset, length, trained };
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

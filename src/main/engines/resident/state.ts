/**
 * Weights, moments and averages of a resident executable, as tensors of the engine: on the device as soon as a step has made them,
 * in the process where they were just imported. Executables that share state share one of these.
 */
import { LabError } from '../../../shared/errors.ts';
import type { Program, Shape } from '../../graph/program.ts';
import { elementCount } from '../../graph/shape.ts';
import { checkedData, parseMomentKey, unknownMoment } from '../stored-state.ts';
import type { EngineState, Tensor } from '../engine.ts';
import type { LossScale } from '../loss-scale.ts';
import { initialLossScale, lossScaleKey, lossScaleOf, lossScaleTensor } from '../loss-scale.ts';
import { trainedWeights } from '../optimizer.ts';
import type { TrainingOptions } from './step-programs.ts';
import { averageName, momentKey, momentsKept } from './update-program.ts';

/** What an engine does with tensors that this has no need to look into. */
export interface TensorMemory<DeviceTensor> {
  /** A tensor in the process's memory, which belongs to the result. */
  hold(data: Float32Array, shape: Shape): DeviceTensor;
  /** Copies in the process's memory; the tensors stay where they are. */
  read(tensors: ReadonlyMap<string, DeviceTensor>): Promise<ReadonlyMap<string, Float32Array>>;
  /** The same tensors on the device. */
  settle(tensors: ReadonlyMap<string, DeviceTensor>): Promise<ReadonlyMap<string, DeviceTensor>>;
  isOnDevice(tensor: DeviceTensor): boolean;
  free(tensor: DeviceTensor): void;
}

export interface ResidentState<DeviceTensor> {
  /** How it is trained, by whichever executable; undefined where it is not. */
  readonly training: TrainingOptions | undefined;
  /** Updates so far. */
  updates: number;
  /** Of the next step; present with float16. */
  lossScale: LossScale | undefined;
  /** Parameters by name, moments and averages by `momentKey`. Throws `LabError('internal')` for what it does not hold. */
  get(key: string): DeviceTensor;
  /** The tensor that was there is freed. */
  set(key: string, tensor: DeviceTensor): void;
  /** Moves to the device what was imported; weights that are never updated would go there with every call. */
  settle(): Promise<void>;
  /** Does something after the tensors have been freed: what made them has to outlive them. */
  defer(work: () => Promise<void>): Promise<void>;
  /** See `Executable`. */
  withAverages<Result>(work: () => Promise<Result>): Promise<Result>;
  exportState(): Promise<EngineState>;
  exportParameters(): Promise<EngineState['parameters']>;
  importState(state: Partial<EngineState>): void;
  release(): Promise<void>;
}

interface Slot {
  readonly shape: Shape;
  readonly moments: readonly string[];
  readonly isAveraged: boolean;
}

/** Everything is zero. */
export function createResidentState<DeviceTensor>(
  program: Program,
  options: Partial<TrainingOptions>,
  memory: TensorMemory<DeviceTensor>,
): ResidentState<DeviceTensor> {
  const { optimizer, weightAverage = 0, parameterGroup, lossScale } = options;
  const training = optimizer && {
    ...{ optimizer, weightAverage },
    ...(parameterGroup && { parameterGroup }),
    ...(lossScale && { lossScale }),
  };
  const updated = new Set(optimizer ? program.gradients.map(({ parameter }) => parameter.name) : []);
  const slots = new Map<string, Slot>();
  const tensors = new Map<string, DeviceTensor>();
  const deferred: (() => Promise<void>)[] = [];
  let averagesInPlace = false;
  let isReleased = false;
  for (const parameter of program.parameters.values()) {
    const { name, shape } = parameter;
    const kept = training && updated.has(name) ? momentsKept(parameter, training) : [];
    slots.set(name, {
      shape,
      moments: kept.filter((moment) => moment !== averageName),
      isAveraged: weightAverage > 0 && updated.has(name),
    });
    for (const key of [name, ...kept.map((moment) => momentKey(name, moment))]) {
      tensors.set(key, memory.hold(new Float32Array(elementCount(shape)), shape));
    }
  }
  const averaged = [...slots].filter(([, { isAveraged }]) => isAveraged).map(([name]) => name);

  const get = (key: string): DeviceTensor => {
    const tensor = tensors.get(key);
    if (tensor === undefined) throw new LabError('internal', `the program has no parameter ${key}`);
    return tensor;
  };
  const set = (key: string, tensor: DeviceTensor): void => {
    memory.free(get(key));
    tensors.set(key, tensor);
  };
  const swapAverages = (): void => {
    for (const name of averaged) {
      const [weight, average] = [get(name), get(momentKey(name, averageName))];
      tensors.set(name, average);
      tensors.set(momentKey(name, averageName), weight);
    }
    averagesInPlace = !averagesInPlace;
  };
  /** Where the weights of a parameter are that is asked for by what they mean. */
  const keyOf = (name: string, which: 'trained' | 'averaged'): string =>
    (which === 'trained') === averagesInPlace ? momentKey(name, averageName) : name;
  /** Averages are what others are given as the weights. */
  const exportedKey = (name: string, { isAveraged }: Slot): string => (isAveraged ? keyOf(name, 'averaged') : name);

  return {
    training,
    updates: 0,
    lossScale: options.precision === 'float16' && optimizer ? initialLossScale(lossScale) : undefined,
    get,
    set,
    async settle() {
      const loose = new Map([...tensors].filter(([, tensor]) => !memory.isOnDevice(tensor)));
      if (loose.size === 0) return;
      for (const [key, tensor] of await memory.settle(loose)) set(key, tensor);
    },
    async defer(work) {
      if (isReleased) await work();
      else deferred.push(work);
    },
    async withAverages(work) {
      if (averaged.length === 0 || averagesInPlace) return work();
      swapAverages();
      try {
        return await work();
      } finally {
        swapAverages();
      }
    },
    async exportState() {
      const parameters = new Map<string, Tensor>();
      const moments = new Map<string, Tensor>();
      const data = await memory.read(tensors);
      for (const [name, slot] of slots) {
        const { shape, moments: kept, isAveraged } = slot;
        const read = (key: string): Tensor => ({ shape, data: data.get(key)! }); // all were read
        parameters.set(name, read(exportedKey(name, slot)));
        for (const moment of kept) moments.set(`${name}/${moment}`, read(momentKey(name, moment)));
        if (isAveraged) moments.set(`${name}/${trainedWeights}`, read(keyOf(name, 'trained')));
      }
      if (this.lossScale) moments.set(lossScaleKey, lossScaleTensor(this.lossScale));
      return { parameters, optimizer: moments, updates: this.updates };
    },
    async exportParameters() {
      const keys = new Map([...slots].map(([name, slot]) => [name, exportedKey(name, slot)]));
      const data = await memory.read(new Map([...keys.values()].map((key) => [key, get(key)])));
      return new Map([...slots].map(([name, { shape }]) => [name, { shape, data: data.get(keys.get(name)!)! }])); // all were read
    },
    importState({ parameters, optimizer: moments, updates }) {
      const slotOf = (name: string): Slot => {
        const slot = slots.get(name);
        if (!slot) throw new LabError('internal', `the program has no parameter ${name}`);
        return slot;
      };
      const hold = (name: string, tensor: Tensor, { shape }: Slot): DeviceTensor =>
        memory.hold(checkedData(name, tensor, shape).slice(), shape);
      for (const [name, tensor] of parameters ?? []) {
        const slot = slotOf(name);
        set(name, hold(name, tensor, slot));
        if (slot.isAveraged) set(momentKey(name, averageName), hold(name, tensor, slot));
      }
      for (const [key, tensor] of moments ?? []) {
        if (key === lossScaleKey) {
          if (this.lossScale) this.lossScale = lossScaleOf(tensor);
          continue;
        }
        const [name, moment] = parseMomentKey(key);
        const slot = slotOf(name);
        const isTrained = moment === trainedWeights && slot.isAveraged;
        if (!isTrained && !slot.moments.includes(moment)) {
          throw unknownMoment(key, optimizer);
        }
        set(isTrained ? keyOf(name, 'trained') : momentKey(name, moment), hold(key, tensor, slot));
      }
      if (updates !== undefined) this.updates = updates;
    },
    async release() {
      isReleased = true;
      for (const tensor of tensors.values()) memory.free(tensor);
      tensors.clear();
      for (const work of deferred.splice(0)) await work();
    },
  };
}

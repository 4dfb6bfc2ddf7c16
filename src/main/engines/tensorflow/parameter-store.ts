/** The weights of a TensorFlow executable and the optimizer's moments: tensors wherever the backend keeps them. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { LabError } from '../../../shared/errors.ts';
import type { TensorFlow } from '../../graph/op.ts';
import type { Parameter, Program } from '../../graph/program.ts';
import type { CompileOptions, EngineState, ParameterGroup, Tensor as HostTensor } from '../engine.ts';
import type { Chain, OptimizerConfig } from '../optimizer.ts';
import { averageDecayAt, chainOf, momentsOf, trainedWeights } from '../optimizer.ts';
import { checkedData, groupOf, parseMomentKey, unknownMoment } from '../stored-state.ts';
import { applyChain } from './apply-chain.ts';
import { download, upload } from './interpreter.ts';

interface Slot {
  readonly parameter: Parameter;
  tensor: Tensor;
  /** Present where averages of the weights are kept. */
  average: Tensor | undefined;
  /** Present where the optimizer updates it. */
  readonly group: ParameterGroup | undefined;
  readonly chain: Chain;
  readonly momentNames: readonly string[];
  readonly moments: Tensor[];
}

export interface ParameterStore {
  readonly optimizer: OptimizerConfig | undefined;
  tensor(parameter: Parameter): Tensor;
  /** Stores the tensor and returns the one that was there; both belong to whoever holds them then. */
  replace(parameter: Parameter, tensor: Tensor): Tensor;
  /** Those of the gradients whose parameters take part in the next update. */
  active(gradients: ReadonlyMap<string, Tensor>): readonly Tensor[];
  /** One optimizer step; the gradients, by parameter name, are multiplied by `gradientScale` first. */
  update(gradients: ReadonlyMap<string, Tensor>, learningRate: number, gradientScale: number): void;
  /** See `Executable`. */
  withAverages<Result>(work: () => Promise<Result>): Promise<Result>;
  exportState(): Promise<EngineState>;
  exportParameters(): Promise<EngineState['parameters']>;
  importState(state: Partial<EngineState>): void;
  /** Executables that share the store hold it; the last one to let go frees the tensors. */
  retain(): void;
  release(): void;
}

/** Holds every parameter of the program by its name, with as many moments as its optimizer keeps. */
export function createParameterStore(tf: TensorFlow, program: Program, options: CompileOptions): ParameterStore {
  const { optimizer, weightAverage = 0 } = options;
  const updated = new Set(optimizer ? program.gradients.map(({ parameter }) => parameter.name) : []);
  const slots = new Map(
    [...program.parameters.values()].map((parameter): [string, Slot] => {
      const isUpdated = updated.has(parameter.name);
      const group = isUpdated ? groupOf(parameter, options) : undefined;
      const chain = optimizer && group ? chainOf(optimizer, group.matrix !== undefined) : [];
      const zeros = (): Tensor => tf.zeros([...parameter.shape]);
      const momentNames = momentsOf(chain);
      const average = group && weightAverage > 0 ? zeros() : undefined;
      const moments = momentNames.map(zeros);
      return [parameter.name, { parameter, tensor: zeros(), average, group, chain, momentNames, moments }];
    }),
  );
  const find = (name: string): Slot => {
    const slot = slots.get(name);
    if (!slot) throw new LabError('internal', `the program has no parameter ${name}`);
    return slot;
  };
  let updates = 0;
  let holders = 0;
  let averagesInPlace = false;
  const swapAverages = (): void => {
    for (const slot of slots.values()) {
      if (slot.average) [slot.tensor, slot.average] = [slot.average, slot.tensor];
    }
    averagesInPlace = !averagesInPlace;
  };

  return {
    optimizer,
    tensor: ({ name }) => find(name).tensor,
    replace({ name }, tensor) {
      const slot = find(name);
      const before = slot.tensor;
      slot.tensor = tensor;
      return before;
    },
    active: (gradients) =>
      [...gradients].flatMap(([name, gradient]) => ((find(name).group?.startsAt ?? 0) <= updates ? [gradient] : [])),
    update(gradients, learningRate, gradientScale) {
      if (!optimizer) throw new LabError('internal', 'this executable was compiled without an optimizer');
      updates++;
      for (const [name, gradient] of gradients) {
        const slot = find(name);
        const updatesOfGroup = updates - (slot.group?.startsAt ?? 0);
        if (!slot.group || updatesOfGroup < 1) continue;
        const { group } = slot;
        const factors = {
          learningRate: learningRate * group.learningRateScale,
          gradientScale,
          update: updatesOfGroup,
          decay: group.decay,
          matrix: group.matrix,
        };
        const before = [slot.tensor, ...slot.moments];
        const [tensor, ...moments] = tf.tidy(() =>
          applyChain(tf, slot.chain, { weights: slot.tensor, gradient, moments: slot.moments }, factors),
        );
        if (!tensor) throw new LabError('internal', 'an update rule without a result');
        slot.tensor = tensor;
        slot.moments.splice(0, slot.moments.length, ...moments);
        for (const old of before) old.dispose();
      }
      const share = 1 - averageDecayAt(weightAverage, updates);
      for (const slot of slots.values()) {
        const { average, tensor } = slot;
        if (!average) continue;
        slot.average = tf.tidy(() => tf.add(average, tf.mul(tf.sub(tensor, average), share)));
        average.dispose();
      }
    },
    async withAverages(work) {
      if (weightAverage === 0 || averagesInPlace) return work();
      swapAverages();
      try {
        return await work();
      } finally {
        swapAverages();
      }
    },
    async exportState() {
      const moments = new Map<string, HostTensor>();
      for (const [name, slot] of slots) {
        const [, trained] = inPlaces(slot, averagesInPlace);
        for (const [index, moment] of slot.moments.entries()) {
          moments.set(`${name}/${slot.momentNames[index] ?? ''}`, await download(moment, slot.parameter.value));
        }
        if (slot.average) moments.set(`${name}/${trainedWeights}`, await download(trained, slot.parameter.value));
      }
      return { parameters: await this.exportParameters(), optimizer: moments, updates };
    },
    async exportParameters() {
      const parameters = new Map<string, HostTensor>();
      for (const [name, slot] of slots) {
        const [averaged] = inPlaces(slot, averagesInPlace);
        parameters.set(name, await download(averaged, slot.parameter.value));
      }
      return parameters;
    },
    importState(state) {
      for (const [name, tensor] of state.parameters ?? []) {
        const slot = find(name);
        const imported = uploadChecked(tf, name, tensor, slot.parameter);
        slot.tensor.dispose();
        slot.tensor = imported;
        if (slot.average) {
          slot.average.dispose();
          slot.average = imported.clone();
        }
      }
      for (const [key, tensor] of state.optimizer ?? []) {
        const [name, momentName] = parseMomentKey(key);
        const slot = find(name);
        if (momentName === trainedWeights && slot.average) {
          const [, trained] = inPlaces(slot, averagesInPlace);
          const imported = uploadChecked(tf, key, tensor, slot.parameter);
          if (averagesInPlace) slot.average = imported;
          else slot.tensor = imported;
          trained.dispose();
          continue;
        }
        const index = slot.momentNames.indexOf(momentName);
        const before = slot.moments[index];
        if (!before) {
          throw unknownMoment(key, optimizer);
        }
        slot.moments[index] = uploadChecked(tf, key, tensor, slot.parameter);
        before.dispose();
      }
      updates = state.updates ?? updates;
    },
    retain() {
      holders++;
    },
    release() {
      holders--;
      if (holders > 0) return;
      for (const { tensor, average, moments } of slots.values()) {
        for (const owned of [tensor, ...(average ? [average] : []), ...moments]) owned.dispose();
      }
      slots.clear();
    },
  };
}

/** The averaged weights of a slot and those that are trained: the same where no averages are kept. */
function inPlaces({ tensor, average = tensor }: Slot, averagesInPlace: boolean): readonly [Tensor, Tensor] {
  return averagesInPlace ? [tensor, average] : [average, tensor];
}

/** The global L2 norm, as one number on the host. */
export async function globalNorm(tf: TensorFlow, gradients: Iterable<Tensor>): Promise<number> {
  const total = tf.tidy(() => {
    const squares = [...gradients].map((gradient) => tf.sum(tf.square(gradient)));
    return squares.length === 0 ? tf.scalar(0) : tf.addN(squares);
  });
  const [squared = 0] = await total.data<'float32'>();
  total.dispose();
  return Math.sqrt(squared);
}

function uploadChecked(tf: TensorFlow, name: string, tensor: HostTensor, { value }: Parameter): Tensor {
  return upload(tf, value, checkedData(name, tensor, value.shape));
}

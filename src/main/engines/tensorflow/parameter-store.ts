/** The weights of a TensorFlow executable and the optimizer's moments: tensors wherever the backend keeps them. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { LabError } from '../../../shared/errors.ts';
import type { TensorFlow } from '../../graph/op.ts';
import type { Parameter, Program } from '../../graph/program.ts';
import { sameShape, showShape } from '../../graph/shape.ts';
import type { CompileOptions, EngineState, ParameterGroup, Tensor as HostTensor } from '../engine.ts';
import type { OptimizerConfig } from '../optimizer.ts';
import { momentsOf } from '../optimizer.ts';
import { download, upload } from './interpreter.ts';

interface Slot {
  readonly parameter: Parameter;
  tensor: Tensor;
  /** Present where the optimizer updates it. */
  readonly group: ParameterGroup | undefined;
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
  exportState(): Promise<EngineState>;
  importState(state: Partial<EngineState>): void;
  /** Executables that share the store hold it; the last one to let go frees the tensors. */
  retain(): void;
  release(): void;
}

export function createParameterStore(tf: TensorFlow, program: Program, options: CompileOptions): ParameterStore {
  const { optimizer } = options;
  const momentNames = optimizer ? momentsOf(optimizer) : [];
  const updated = new Set(optimizer ? program.gradients.map(({ parameter }) => parameter.name) : []);
  const slots = new Map(
    [...program.parameters.values()].map((parameter): [string, Slot] => {
      const group = options.parameterGroup?.(parameter) ?? { learningRateScale: 1, decay: parameter.decay };
      const isUpdated = updated.has(parameter.name);
      const zeros = (): Tensor => tf.zeros([...parameter.shape]);
      const moments = isUpdated ? momentNames.map(zeros) : [];
      return [parameter.name, { parameter, tensor: zeros(), group: isUpdated ? group : undefined, moments }];
    }),
  );
  const find = (name: string): Slot => {
    const slot = slots.get(name);
    if (!slot) throw new LabError('internal', `the program has no parameter ${name}`);
    return slot;
  };
  let updates = 0;
  let holders = 0;

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
        const rate = learningRate * slot.group.learningRateScale;
        const shrink = slot.group.decay ? 1 - rate * optimizer.weightDecay : 1;
        const factors = { rate, shrink, gradientScale, updates: updatesOfGroup };
        const before = [slot.tensor, ...slot.moments];
        const [tensor, ...moments] = tf.tidy(() => updateRule(tf, optimizer, slot, gradient, factors));
        if (!tensor) throw new LabError('internal', 'an update rule without a result');
        slot.tensor = tensor;
        slot.moments.splice(0, slot.moments.length, ...moments);
        for (const old of before) old.dispose();
      }
    },
    async exportState() {
      const parameters = new Map<string, HostTensor>();
      const moments = new Map<string, HostTensor>();
      for (const [name, slot] of slots) {
        parameters.set(name, await download(slot.tensor, slot.parameter.value));
        for (const [index, moment] of slot.moments.entries()) {
          moments.set(`${name}/${momentNames[index] ?? ''}`, await download(moment, slot.parameter.value));
        }
      }
      return { parameters, optimizer: moments, updates };
    },
    importState(state) {
      for (const [name, tensor] of state.parameters ?? []) {
        const slot = find(name);
        const imported = uploadChecked(tf, name, tensor, slot.parameter);
        slot.tensor.dispose();
        slot.tensor = imported;
      }
      for (const [key, tensor] of state.optimizer ?? []) {
        const slash = key.lastIndexOf('/');
        const slot = find(key.slice(0, slash));
        const index = momentNames.indexOf(key.slice(slash + 1));
        const before = slot.moments[index];
        if (!before) {
          throw new LabError(
            'bad-input',
            `the checkpoint holds ${key}, which the optimizer ${optimizer?.type ?? '(none)'} does not keep`,
          );
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
      for (const { tensor, moments } of slots.values()) for (const owned of [tensor, ...moments]) owned.dispose();
      slots.clear();
    },
  };
}

interface Factors {
  readonly rate: number;
  readonly shrink: number;
  readonly gradientScale: number;
  readonly updates: number;
}

/** The weight and its moments after the update: `updateReference` of `optimizer.ts`, in tensors. */
function updateRule(
  tf: TensorFlow,
  optimizer: OptimizerConfig,
  { tensor, moments }: Slot,
  gradient: Tensor,
  { rate, shrink, gradientScale, updates }: Factors,
): Tensor[] {
  const scaled = tf.mul(gradient, gradientScale);
  const shrunk = tf.mul(tensor, shrink);
  const [first, second] = moments;
  if (optimizer.type === 'sgd') {
    const momentum = first && tf.add(tf.mul(first, optimizer.momentum), scaled);
    const direction = momentum ?? scaled;
    const step = optimizer.nesterov ? tf.add(scaled, tf.mul(direction, optimizer.momentum)) : direction;
    return [tf.sub(shrunk, tf.mul(step, rate)), ...(momentum ? [momentum] : [])];
  }
  if (!first || !second) throw new LabError('internal', 'AdamW keeps two moments');
  const { beta1, beta2, epsilon } = optimizer;
  const m = tf.add(tf.mul(first, beta1), tf.mul(scaled, 1 - beta1));
  const v = tf.add(tf.mul(second, beta2), tf.mul(tf.square(scaled), 1 - beta2));
  const deviation = tf.add(tf.sqrt(tf.div(v, 1 - beta2 ** updates)), epsilon);
  return [tf.sub(shrunk, tf.mul(tf.div(m, deviation), rate / (1 - beta1 ** updates))), m, v];
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

function uploadChecked(tf: TensorFlow, name: string, { shape, data }: HostTensor, { value }: Parameter): Tensor {
  if (!sameShape(shape, value.shape) || !(data instanceof Float32Array)) {
    throw new LabError(
      'shape',
      `the tensor ${name} has the shape ${showShape(shape)}; the pipeline needs ${showShape(value.shape)}`,
    );
  }
  return upload(tf, value, data);
}

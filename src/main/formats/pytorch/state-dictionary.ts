/** Finds the weights in what a file of PyTorch holds: a state dictionary, or one inside a checkpoint of a training. */
import { LabError } from '../../../shared/errors.ts';
import type { PickleDictionary, PickleValue, TensorReference } from './pickle-values.ts';
import { isDictionary, isKind } from './pickle-values.ts';

/** Under which keys trainers keep the weights beside epoch, optimizer and settings; averaged ones come first, as timm prefers them. */
const wrappers = ['state_dict_ema', 'model_ema', 'state_dict', 'model_state_dict', 'model', 'module', 'net', 'weights'];

/** What data-parallel training and `torch.compile` put before every name. */
const prefixes = ['module.', '_orig_mod.'];

/** The tensors by name. Throws `LabError('bad-input')` where there are none. */
export function findTensors(value: PickleValue, path: string): ReadonlyMap<string, TensorReference> {
  const found = isDictionary(value) ? tensorsOf(value) : undefined;
  if (found) return withoutPrefix(found);
  if (isDictionary(value)) {
    for (const wrapper of wrappers) {
      const inner = value.get(wrapper);
      const tensors = isDictionary(inner) ? tensorsOf(inner) : undefined;
      if (tensors) return withoutPrefix(tensors);
    }
  }
  const keys = isDictionary(value) ? [...value.keys()].slice(0, 10).map((key) => `'${describe(key)}'`) : [];
  const has = keys.length === 0 ? '' : `: it holds ${keys.join(', ')}`;
  throw new LabError('bad-input', `${path} has no state dictionary, which maps names to weights${has}`, { path });
}

const describe = (key: PickleValue): string => (typeof key === 'string' ? key.slice(0, 60) : typeof key);

function tensorsOf(dictionary: PickleDictionary): Map<string, TensorReference> | undefined {
  const tensors = new Map<string, TensorReference>();
  for (const [name, tensor] of dictionary) {
    if (typeof name === 'string' && isKind(tensor, 'tensor')) tensors.set(name, tensor);
  }
  return tensors.size > 0 ? tensors : undefined;
}

function withoutPrefix(tensors: Map<string, TensorReference>): ReadonlyMap<string, TensorReference> {
  const prefix = prefixes.find((one) => [...tensors.keys()].every((name) => name.startsWith(one)));
  if (prefix === undefined) return tensors;
  return new Map([...tensors].map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/**
 * The names of Python that files of weights need, and what they stand for: functions that rebuild tensors, storages, types of
 * elements, and ordered dictionaries. Whatever else a file asks for is refused by name; nothing is ever run.
 */
import { LabError } from '../../../shared/errors.ts';
import { DamagedPickle } from './pickle-cursor.ts';
import type { PickleGlobal, PickleValue, StorageReference, TensorReference } from './pickle-values.ts';
import { isKind } from './pickle-values.ts';

const storageTypes: Readonly<Record<string, string>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

const elementNames: Readonly<Record<string, string>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  uint16: 'U16',
  uint32: 'U32',
  uint64: 'U64',
  bool: 'BOOL',
};

const known: ReadonlyMap<string, PickleGlobal> = new Map(
  [
    ...Object.entries(storageTypes).map(([name, dtype]) => ({ name: `torch.${name}`, dtype })),
    ...Object.entries(elementNames).map(([name, dtype]) => ({ name: `torch.${name}`, dtype })),
    { name: 'torch.storage.UntypedStorage' },
    { name: 'collections.OrderedDict', call: dictionary },
    { name: 'torch.Size', call: first },
    { name: 'torch.device', call: first },
    { name: 'torch._utils._rebuild_tensor', call: rebuildTensor },
    { name: 'torch._utils._rebuild_tensor_v2', call: rebuildTensor },
    { name: 'torch._utils._rebuild_tensor_v3', call: rebuildUntypedTensor },
    // A parameter is the tensor in it.
    { name: 'torch._utils._rebuild_parameter', call: first },
    { name: 'torch._utils._rebuild_parameter_with_state', call: first },
    { name: 'torch.nn.parameter.Parameter', call: first },
  ].map((named) => [named.name, { kind: 'global', ...named }]),
);

/** Throws `LabError('bad-input')` that names what is not let through. */
export function torchName(name: string): PickleGlobal {
  const found = known.get(name);
  if (found) return found;
  const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  const what = /Storage$|^torch\.[\w]+$/.test(shown)
    ? `it holds ${shown}, which cannot be read`
    : `it asks Python for ${shown}, which could run a program`;
  throw new LabError(
    'bad-input',
    `${what}. Save the weights alone, as torch.save(model.state_dict(), …) or as safetensors`,
    { name: shown },
  );
}

function first(given: readonly PickleValue[]): PickleValue {
  const [value] = given;
  if (value === undefined) throw new DamagedPickle('a function is called without what it needs');
  return value;
}

/** `OrderedDict()`, or one made of pairs, which are used up: a list that a pickle names again and again stays cheap. */
function dictionary([pairs]: readonly PickleValue[]): PickleValue {
  if (pairs === undefined) return new Map();
  if (!Array.isArray(pairs)) throw new DamagedPickle('a dictionary is made of what is not a list of pairs');
  return new Map(
    pairs.splice(0).map((pair) => {
      if (!Array.isArray(pair) || pair.length !== 2) {
        throw new DamagedPickle('a dictionary is made of what is not a list of pairs');
      }
      return [pair[0]!, pair[1]!];
    }),
  );
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks, metadata)`; of the rest nothing is needed. */
function rebuildTensor([storage, offset, size, stride]: readonly PickleValue[]): TensorReference {
  if (!isKind(storage, 'storage') || storage.dtype === undefined) {
    throw new DamagedPickle('a tensor has no storage, or one of unknown elements');
  }
  return { kind: 'tensor', storage, dtype: storage.dtype, ...view(offset, size, stride) };
}

/** `_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype, metadata)` on bytes without a type. */
function rebuildUntypedTensor(given: readonly PickleValue[]): TensorReference {
  const [storage, offset, size, stride, , , type] = given;
  if (!isKind(storage, 'storage') || !isKind(type, 'global') || type.dtype === undefined) {
    throw new DamagedPickle('a tensor has no storage or no type');
  }
  return { kind: 'tensor', storage, dtype: type.dtype, ...view(offset, size, stride) };
}

/** Tensors of more axes than any framework makes are refused, so that indices stay cheap. */
const maximumAxes = 64;

function view(
  offset: PickleValue | undefined,
  size: PickleValue | undefined,
  stride: PickleValue | undefined,
): Pick<TensorReference, 'offset' | 'shape' | 'strides'> {
  if (!isCount(offset) || !isCounts(size) || !isCounts(stride) || size.length !== stride.length) {
    throw new DamagedPickle(`a tensor has no place, sizes and strides, or more than ${maximumAxes} axes`);
  }
  // The lists of a pickle may change after they were used.
  return { offset, shape: [...size], strides: [...stride] };
}

const isCount = (value: PickleValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const isCounts = (value: PickleValue | undefined): value is number[] =>
  Array.isArray(value) && value.length <= maximumAxes && value.every(isCount);

/**
 * `('storage', type, key, place, length)`, in old files with a sixth part `(key of the view, first element, length)`: where the
 * numbers of a tensor lie. `whole` is the length of the storage, of which that part may be less.
 */
export function storageOf(id: PickleValue): { readonly storage: StorageReference; readonly whole: number } {
  if (!Array.isArray(id) || id[0] !== 'storage') throw new DamagedPickle('it refers to what is no storage');
  const [, type, key, , length, part] = id;
  if (!isKind(type, 'global') || typeof key !== 'string' || !isCount(length)) {
    throw new DamagedPickle('a storage has no type, key or length');
  }
  const storage = { kind: 'storage', key, dtype: type.dtype, length, begin: 0 } as const;
  if (part === undefined || part === null) return { storage, whole: length };
  const [, begin, partLength] = Array.isArray(part) ? part : [];
  if (!isCount(begin) || !isCount(partLength) || begin + partLength > length) {
    throw new DamagedPickle('a part of a storage lies outside of it');
  }
  return { storage: { ...storage, begin, length: partLength }, whole: length };
}

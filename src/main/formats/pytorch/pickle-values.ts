/** What a pickle of weights may hold once it is read: plain data, and descriptions of tensors. Nothing here can act. */

/** Lists and tuples are arrays, dictionaries are maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | ReadonlySet<PickleValue>
  | PickleDictionary
  | PickleGlobal
  | StorageReference
  | TensorReference;

export type PickleDictionary = Map<PickleValue, PickleValue>;

/** A name of Python that a pickle asks for. Only names that are known to be harmless become one. */
export interface PickleGlobal {
  readonly kind: 'global';
  readonly name: string;
  /** The elements that a storage of this name holds, or that a `torch.dtype` of this name means. */
  readonly dtype?: string;
  /** What a call stands for; throws `LabError` for arguments that do not fit. Absent where the name is not to be called. */
  readonly call?: (argumentList: readonly PickleValue[]) => PickleValue;
}

/** A stretch of numbers in the file that tensors are views of. */
export interface StorageReference {
  readonly kind: 'storage';
  readonly key: string;
  /** By the names of safetensors; undefined for bytes without a type. */
  readonly dtype: string | undefined;
  /** Elements, or bytes without a type. */
  readonly length: number;
  /** Elements before this one, where a storage is a part of another. */
  readonly begin: number;
}

export interface TensorReference {
  readonly kind: 'tensor';
  readonly storage: StorageReference;
  readonly dtype: string;
  /** In elements. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** Elements from one to the next, for each axis. */
  readonly strides: readonly number[];
}

export function isDictionary(value: PickleValue | undefined): value is PickleDictionary {
  return value instanceof Map;
}

/** Values that are told apart by what kind they are. */
export function isKind<Kind extends 'global' | 'storage' | 'tensor'>(
  value: PickleValue | undefined,
  kind: Kind,
): value is Extract<PickleValue, { readonly kind: Kind }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

/** Files of weights put together by hand, for tests: what PyTorch would never write, and what others might. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** A file that `scripts/record-weight-files.py` has recorded. */
export const recordedFile = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/weights/${name}`, import.meta.url));

export const readRecorded = (name: string): Promise<Buffer> => readFile(recordedFile(name));

const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];
const uint32 = (value: number): number[] => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return [...bytes];
};

/** Opcodes by what they do; see Python's `pickletools`. */
export const pickle = {
  text: (value: string): number[] => [0x58, ...uint32(Buffer.byteLength(value)), ...Buffer.from(value)],
  int: (value: number): number[] => [0x4a, ...uint32(value >>> 0)],
  global: (module: string, name: string): number[] => ascii(`c${module}\n${name}\n`),
  tuple: (...items: number[][]): number[] => [0x28, ...items.flat(), 0x74],
  call: (callee: number[], ...items: number[][]): number[] => [...callee, ...pickle.tuple(...items), 0x52],
  dictionary: (...pairs: (readonly [string, number[]])[]): number[] => [
    0x7d,
    0x28,
    ...pairs.flatMap(([key, value]) => [...pickle.text(key), ...value]),
    0x75,
  ],
  reference: (id: number[]): number[] => [...id, 0x51],
  file: (value: number[]): number[] => [0x80, 2, ...value, 0x2e],
};

interface TensorOptions {
  readonly type?: string;
  readonly key?: string;
  readonly length?: number;
  readonly offset?: number;
  readonly shape?: readonly number[];
  readonly strides?: readonly number[];
}

/** `torch._utils._rebuild_tensor_v2` of two floats, unless it is said otherwise. */
export function pickledTensor(options: TensorOptions = {}): number[] {
  const { type = 'FloatStorage', key = '0', length = 2, offset = 0, shape = [2], strides = [1] } = options;
  const storage = pickle.tuple(
    pickle.text('storage'),
    pickle.global('torch', type),
    pickle.text(key),
    pickle.text('cpu'),
    pickle.int(length),
    [0x4e],
  );
  const sizes = (values: readonly number[]): number[] => pickle.tuple(...values.map(pickle.int));
  return pickle.call(
    pickle.global('torch._utils', '_rebuild_tensor_v2'),
    pickle.reference(storage),
    pickle.int(offset),
    sizes(shape),
    sizes(strides),
    [0x89],
    pickle.call(pickle.global('collections', 'OrderedDict')),
  );
}

/** A file of the older format: the value, the keys of its storages, and two floats for each of them. */
export function legacyFile(value: number[], keys: readonly string[] = ['0']): Uint8Array {
  const magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
  const storage = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]; // the numbers 1 and 2
  return Uint8Array.from([
    ...magic,
    ...pickle.file(pickle.int(1001)),
    ...pickle.file(pickle.dictionary()),
    ...pickle.file(value),
    ...pickle.file([0x5d, 0x28, ...keys.flatMap(pickle.text), 0x65]),
    ...keys.flatMap(() => storage),
  ]);
}

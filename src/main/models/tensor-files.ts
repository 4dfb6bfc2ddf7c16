/** The files of weights in a folder: which of them is the model, and its tensors as floats. */
import { LabError } from '../../shared/errors.ts';
import { openWeights } from '../formats/weights/open-weights.ts';
import type { TensorEntry } from '../formats/weights/tensor-source.ts';

/** Names and shapes of tensors, and one tensor at a time. */
export interface TensorArchive extends AsyncDisposable {
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Integers become floats. Throws `LabError('not-found' | 'corrupt')`. */
  read(name: string): Promise<Float32Array>;
}

/** Endings of files that may hold weights; what is in them decides how they are read. */
const endings = /\.(safetensors|bin|pth?|ckpt|index\.json)$/iu;

export const isTensorFile = (name: string): boolean => endings.test(name);

/** Names of the main file of weights in folders, the preferred one first: of several formats the one without code in it. */
export const usualNames = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
];

/** The file of a folder that holds the weights; undefined where there is none. Throws `LabError('bad-input')` where several might. */
export function chooseTensorFile(names: readonly string[], folder: string): string | undefined {
  const usual = usualNames.find((name) => names.includes(name));
  if (usual !== undefined) return usual;
  const [only, ...others] = names.filter(isTensorFile);
  if (only !== undefined && others.length > 0) {
    throw new LabError(
      'bad-input',
      `${folder} holds several files of weights (${[only, ...others].slice(0, 5).join(', ')}) and none of them is called ${usualNames.slice(0, 2).join(' or ')}. Name the file instead of the folder`,
      { folder },
    );
  }
  return only;
}

/** Throws `LabError` that names the file, as its reader does. */
export async function openTensorFile(path: string): Promise<TensorArchive> {
  const file = await openWeights(path);
  return {
    entries: file.entries,
    async read(name) {
      const data = await file.read(name);
      return data instanceof Float32Array ? data : Float32Array.from(data);
    },
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

/** An open file, or several, of named tensors: what is there is known at once, numbers are read when they are asked for. */
import type { SafetensorsData } from '../safetensors-types.ts';

export interface TensorEntry {
  readonly shape: readonly number[];
  /** By the names of safetensors: F32, BF16, I64 … */
  readonly dtype: string;
}

export interface TensorSource extends AsyncDisposable {
  /** Every tensor by the name it has in the file. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /**
   * Row-major. Floats of any width become float32, integers int32, U8 and BOOL stay bytes.
   * Throws `LabError('not-found')` for a name that is not there, `corrupt` where the file ends too early, `bad-input` for integers
   * that do not fit 32 bits.
   */
  read(name: string): Promise<SafetensorsData>;
}

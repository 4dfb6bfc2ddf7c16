/** Opens a file of weights by what it is, not by how it is called. */
import { LabError } from '../../../shared/errors.ts';
import { openPytorch } from '../pytorch/open-pytorch.ts';
import { openToRead, readExactly } from '../read-exactly.ts';
import { openSafetensors } from '../safetensors.ts';
import { openSharded } from './open-sharded.ts';
import type { TensorSource } from './tensor-source.ts';

/**
 * Safetensors, the files of `torch.save` of either age, or the index of a model in several files.
 * Throws `LabError` that names the file: `not-found`, `corrupt` (damaged or cut off), `bad-input` (something else, or code in it).
 */
export async function openWeights(path: string): Promise<TensorSource> {
  return path.endsWith('.index.json') ? openSharded(path, openWeightFile) : openWeightFile(path);
}

async function openWeightFile(path: string): Promise<TensorSource> {
  const start = await readStart(path);
  const text = new TextDecoder('latin1').decode(start);
  if (text.startsWith('version https://git-lfs')) {
    throw new LabError(
      'bad-input',
      `${path} only points to the weights, which Git LFS keeps elsewhere: fetch them with 'git lfs pull'`,
      { path },
    );
  }
  if (/^\s*<(!doctype|html)/i.test(text)) {
    throw new LabError('bad-input', `${path} is a web page, not weights: download the file itself`, { path });
  }
  // The header's length comes first, whose lowest byte may be any, and its JSON begins with a brace.
  if (text[8] === '{' || path.endsWith('.safetensors')) return openSafetensors(path);
  if (text.startsWith('PK\x03\x04') || start[0] === 0x80) return openPytorch(path);
  throw new LabError('bad-input', `${path} is neither a safetensors file nor one that PyTorch has saved`, { path });
}

async function readStart(path: string): Promise<Uint8Array> {
  const handle = await openToRead(path);
  try {
    const { size } = await handle.stat();
    return (await readExactly(handle, 0, Math.min(size, 64))) ?? new Uint8Array();
  } finally {
    await handle.close();
  }
}

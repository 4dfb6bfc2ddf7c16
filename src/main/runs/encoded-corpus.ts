/**
 * A text corpus in the tokens of another tokenizer: the same texts, read again from where they were imported and kept in the
 * workspace's cache. It takes as long as an import: it says how far it is, and can be stopped.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { LabError, isLabError } from '../../shared/errors.ts';
import { readTextCorpusManifest } from '../data/text/corpus.ts';
import type { CorpusImportProgress } from '../data/text/import-corpus.ts';
import { importTextCorpus } from '../data/text/import-corpus.ts';
import { sha256Of } from '../files/checksums.ts';
import { removeFolder } from '../files/durable-folder.ts';
import { fileExists } from '../files/file-exists.ts';
import type { Material } from '../workspace/catalogue.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** Who waits for what an experiment stands on. */
export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  /** Called only where something takes its time. */
  readonly onProgress?:
    ((progress: Omit<CorpusImportProgress, 'phase'> & { readonly phase: string }) => void) | undefined;
}

/** For whoever shows one line of what is going on. */
export function waitingWith(signal: AbortSignal | undefined, onPhase: ((phase: string) => void) | undefined): Waiting {
  let shown = '';
  return {
    signal,
    onProgress({ phase, done, total }) {
      const text = `${phase}: ${Math.floor((100 * done) / Math.max(1, total))} %`;
      if (text !== shown) onPhase?.(text);
      shown = text;
    },
  };
}

/**
 * Other material is encoded when it is read. Throws `LabError('bad-input')` where the texts are no longer what was imported, and
 * `LabError('aborted')`; nothing half-done is left.
 */
export async function encodedWith(
  workspace: Workspace,
  material: Material,
  tokenizerFile: string,
  { signal, onProgress }: Waiting = {},
): Promise<Material> {
  if (material.kind !== 'text-corpus') return material;
  const { tokenizerHash, sources, options, contentHash } = readTextCorpusManifest(material.folder);
  const wanted = await sha256Of(tokenizerFile);
  if (tokenizerHash === wanted) return material;
  const key = createHash('sha256').update(`${contentHash} ${wanted}`).digest('hex');
  const folder = join(workspace.folder, 'cache', 'corpora', key);
  const encoded: Material = { ...material, folder };
  if (await fileExists(folder)) return encoded;
  const { language, documents, textColumn, encoding, header, quote } = options;
  const settings = { language, documents, textColumn, encoding, header, quote };
  const made = await importTextCorpus({
    ...{ sources, folder, name: material.name, tokenizer: { file: tokenizerFile }, signal, ...settings },
    onProgress: ({ phase, ...progress }) => {
      const what = phase === 'reading' ? 'reading its texts again' : phase;
      onProgress?.({ ...progress, phase: `${material.name} for the model’s tokenizer, ${what}` });
    },
  }).catch(async (error: unknown) => {
    if (isLabError(error, 'aborted')) throw error;
    if (isLabError(error, 'conflict') && (await fileExists(folder))) return readTextCorpusManifest(folder); // another process was faster
    throw notReadAgain(material, tokenizerFile, 'its texts cannot be read again', error);
  });
  if (made.contentHash === contentHash) return encoded;
  await removeFolder(folder);
  throw notReadAgain(material, tokenizerFile, 'its texts are no longer what was imported');
}

function notReadAgain({ name }: Material, tokenizerFile: string, why: string, cause?: unknown): LabError {
  const message = `The corpus ${name} has to be encoded with the model's tokenizer, but ${why}. Import it under another name with --tokenizer ${tokenizerFile}, and take that one`;
  return new LabError('bad-input', message, { corpus: name, tokenizer: tokenizerFile }, cause);
}

/** Imports and sample projects, with their progress. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { MaterialReference, importRequest } from '../../shared/contract/materials.ts';
import { LabError } from '../../shared/errors.ts';
import { importAudio, importCorpus, importDataset, importImages } from './import-material.ts';
import { findSample } from './samples/index.ts';
import { materialFolder } from '../workspace/catalogue.ts';
import { fileExists } from '../files/file-exists.ts';
import type { WorkContext } from './work-context.ts';

type ImportRequest = z.output<typeof importRequest>;

interface AnyProgress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  readonly unit?: string;
  readonly skipped?: number;
}

export async function importMaterial(
  { workspace, signal, progress }: WorkContext,
  request: ImportRequest,
): Promise<MaterialReference> {
  const onProgress = ({ phase, done, total, unit = 'files', skipped = 0 }: AnyProgress): void => {
    progress({ phase, done, total, unit, skipped });
  };
  switch (request.kind) {
    case 'text-corpus': {
      const { kind: _kind, name, tokenizer, ...options } = request;
      await importCorpus(workspace, name, {
        ...options,
        ...(tokenizer && { tokenizer: withoutUndefined(tokenizer) }),
        signal,
        onProgress,
      });
      return { group: 'corpus', name };
    }
    case 'text-dataset': {
      const { kind: _kind, name, ...options } = request;
      await importDataset(workspace, name, { ...options, signal, onProgress });
      return { group: 'dataset', name };
    }
    case 'image-corpus':
    case 'image-dataset': {
      const { kind: _kind, name, sources, sides, options, labels, ...table } = request;
      const job = { sources, sides, options, labels, table, signal, onProgress };
      if (request.kind === 'image-corpus') await importImages(workspace, 'corpus', name, job);
      else await importImages(workspace, 'dataset', name, job);
      return { group: request.kind === 'image-corpus' ? 'corpus' : 'dataset', name };
    }
    case 'audio-dataset': {
      const { kind: _kind, name, sources, sides, options, labels, mergeLabels, ...table } = request;
      await importAudio(workspace, name, { sources, sides, options, table, labels, mergeLabels, signal, onProgress });
      return { group: 'dataset', name };
    }
  }
}

type Defined<Value> = Value extends unknown ? { [Key in keyof Value]: Exclude<Value[Key], undefined> } : never;

function withoutUndefined<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<Value>; // that is what was dropped
}

/** What is there already is left alone. */
export async function createSample(
  context: WorkContext,
  { name }: { readonly name: string },
): Promise<MaterialReference[]> {
  const { workspace, signal, progress } = context;
  const sample = findSample(name);
  const made: MaterialReference[] = [];
  const folder = join(workspace.folder, '.samples', name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    for (const material of sample.materials) {
      if (signal.aborted) throw new LabError('aborted', 'Cancelled');
      if (await fileExists(materialFolder(workspace, material.group, material.name))) continue;
      await material.make({
        workspace,
        folder,
        signal,
        onProgress: ({ phase, done, total, unit = 'files', skipped = 0 }) => {
          progress({ phase: `${material.name}: ${phase}`, done, total, unit, skipped });
        },
      });
      made.push({ group: material.group, name: material.name });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return made;
}

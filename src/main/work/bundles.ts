/** Bundles for other labs and from them, for pages. */
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import type {
  BundleSummary,
  VerifiedBundle,
  bundlesContract,
  openedBundle,
  writtenBundle,
} from '../../shared/contract/bundles.ts';
import { isLabError } from '../../shared/errors.ts';
import { openArchive, totalBytes } from '../runs/bundle/archive.ts';
import { createBundle } from '../runs/bundle/create.ts';
import { missingOf, openBundle } from '../runs/bundle/open.ts';
import { verifyBundle } from '../runs/bundle/verify.ts';
import type { WorkContext } from './work-context.ts';

export async function lookAtBundle(
  _context: WorkContext,
  { file }: { readonly file: string },
): Promise<{ bundle: BundleSummary | null }> {
  try {
    using archive = await openArchive(file);
    const { manifest } = archive;
    const { subject, createdAt, runs, models, materials } = manifest;
    return {
      bundle: {
        subject,
        createdAt,
        runs: runs.map(({ id }) => id),
        models,
        materials: materials.map(({ group, name, included }) => ({ group, name, included })),
        bytes: totalBytes(manifest),
        missing: missingOf(manifest),
      },
    };
  } catch (error) {
    if (isLabError(error, 'corrupt') && error.details.isBundle === false) return { bundle: null };
    throw error;
  }
}

export async function openBundleFor(
  { workspace, signal, progress }: WorkContext,
  { file }: { readonly file: string },
): Promise<z.infer<typeof openedBundle>> {
  const { subject, ...lists } = await openBundle(workspace, file, {
    signal,
    onProgress(done) {
      progress({ ...done, unit: 'bytes', skipped: 0 });
    },
  });
  const { added, known, renamed, missing } = lists;
  return { subject, added: [...added], known: [...known], renamed: [...renamed], missing: [...missing] };
}

export async function createBundleFor(
  { workspace, signal, progress }: WorkContext,
  { of, file, data }: z.output<typeof bundlesContract.create.input>,
): Promise<z.infer<typeof writtenBundle>> {
  const output = resolve(workspace.folder, file);
  // Relative names are in folders of the lab's own; a folder that a person has named must be there.
  if (output !== resolve(file)) await mkdir(dirname(output), { recursive: true });
  const created = await createBundle(workspace, of, {
    output,
    data,
    signal,
    onProgress({ phase, ...done }) {
      progress({ phase, ...done, unit: phase === 'Checksums' ? 'files' : 'bytes', skipped: 0 });
    },
  });
  return { file: created.file, bytes: created.bytes, missing: missingOf(created.manifest) };
}

/** Material that the bundle left out is taken from the workspace where it is the same. Phases have no end that could be counted to. */
export async function verifyBundleFor(
  { workspace, signal, progress }: WorkContext,
  { file, train }: z.output<typeof bundlesContract.verify.input>,
): Promise<VerifiedBundle> {
  const { files, rows, differences, missing } = await verifyBundle(resolve(workspace.folder, file), {
    train,
    workspace,
    signal,
    onPhase(phase) {
      progress({ phase, done: 0, total: 0, unit: '', skipped: 0 });
    },
  });
  return { files, rows: [...rows], differences: [...differences], missing: [...missing] };
}

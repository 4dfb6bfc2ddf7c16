/**
 * Verifies a bundle: every checksum, whether its models are built from their weights, then the evaluation of its runs, and where it is wanted their training too,
 * in a workspace of its own that is removed afterwards. What was recorded and what is found stand side by side.
 */
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabError, isLabError, messageOf } from '../../../shared/errors.ts';
import { labVersion } from '../../files/version.ts';
import { findMaterial, materialFolder } from '../../workspace/catalogue.ts';
import { runFolder } from '../../workspace/run-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { openWorkspace } from '../../workspace/workspace.ts';
import { describeMachine } from '../energy.ts';
import type { VerifiedRow } from './agreement.ts';
import { openArchive } from './archive.ts';
import type { BundleManifest } from './manifest.ts';
import { buildAgain } from './build-again.ts';
import { evaluateAgain } from './evaluate-again.ts';
import { trainAgain } from './train-again.ts';
import { engineVersion } from './versions.ts';

export interface VerifyOptions {
  /** Trains the runs again: all steps, or as many from the beginning. */
  readonly train?: boolean | undefined;
  readonly steps?: number | undefined;
  /** Where material is looked for that the bundle does not have. */
  readonly workspace?: Workspace | undefined;
  readonly signal: AbortSignal;
  readonly onPhase: (phase: string) => void;
}

export interface Verification {
  readonly subject: BundleManifest['subject'];
  /** Files whose checksums are what was bundled: all of them, or the bundle is refused. */
  readonly files: number;
  readonly rows: readonly VerifiedRow[];
  /** What is another here than where the bundle was made. */
  readonly differences: readonly { readonly what: string; readonly there: string; readonly here: string }[];
  readonly missing: readonly string[];
}

/** Throws what `openArchive` does; that numbers differ is an answer. */
export async function verifyBundle(file: string, options: VerifyOptions): Promise<Verification> {
  const { signal, onPhase } = options;
  using archive = await openArchive(file);
  const { manifest } = archive;
  const folder = await mkdtemp(join(tmpdir(), 'pretext-verify-'));
  try {
    onPhase('Unpacking and comparing checksums');
    await archive.unpack(folder, signal, () => undefined);
    const inside = await openWorkspace(folder);
    await borrowMaterial(inside, manifest, options.workspace);
    const rows: VerifiedRow[] = [];
    for (const { id } of manifest.runs) {
      signal.throwIfAborted();
      const run = runFolder(join(inside.runs, id));
      onPhase(`Evaluating ${id}`);
      rows.push(...(await orNotChecked(id, 'evaluation', signal, () => evaluateAgain(inside, run, signal))));
      if (!options.train) continue;
      onPhase(`Training ${id} again`);
      rows.push(...(await orNotChecked(id, 'training', signal, () => trainAgain(inside, run, options.steps, signal))));
    }
    for (const name of manifest.models) {
      onPhase(`Building ${name}`);
      rows.push(...(await orNotChecked(name, 'weights', signal, () => buildAgain(inside, name))));
    }
    const differences = differencesTo(manifest.madeWith);
    const { subject, missing } = manifest;
    return { subject, files: Object.keys(manifest.files).length, rows, differences, missing };
  } catch (error) {
    throw signal.aborted ? new LabError('aborted', `Stopped; ${file} is not verified`, { file }, error) : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Material of a workspace that has the same content as what the bundle left out. */
async function borrowMaterial(
  inside: Workspace,
  { materials }: BundleManifest,
  from: Workspace | undefined,
): Promise<void> {
  for (const { group, name, contentHash, included } of materials) {
    if (included || !from) continue;
    const found = await findMaterial(from, group, name).catch(() => undefined);
    if (found?.contentHash === contentHash) {
      await symlink(found.folder, materialFolder(inside, group, name), 'junction');
    }
  }
}

async function orNotChecked(
  run: string,
  what: string,
  signal: AbortSignal,
  check: () => Promise<readonly VerifiedRow[]>,
): Promise<readonly VerifiedRow[]> {
  try {
    return await check();
  } catch (error) {
    if (signal.aborted || !isLabError(error)) throw error;
    return [{ run, what, recorded: null, found: null, agreement: 'not checked', reason: messageOf(error) }];
  }
}

function differencesTo({ lab, engine, machine }: BundleManifest['madeWith']): Verification['differences'] {
  const { processor, cores, system, node } = describeMachine();
  const pairs: readonly (readonly [what: string, there: string, here: string])[] = [
    ['lab', lab, labVersion()],
    ['engine', engine, engineVersion()],
    ['Node', machine.node, node],
    ['system', machine.system, system],
    ['processor', machine.processor, processor],
    ['cores', String(machine.cores), String(cores)],
  ];
  return pairs.flatMap(([what, there, here]) => (there === here ? [] : [{ what, there, here }]));
}

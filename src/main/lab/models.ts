/** The imported models of the workspace; the folders decide, and are looked at again whenever something may have changed. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { namesIn, unlessAbsent } from '../files/file-exists.ts';
import type { ImportedModel } from '../workspace/models.ts';
import { findModel, listModels } from '../workspace/models.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Signal } from './events.ts';
import { createSignal } from './events.ts';

export interface ModelIndex {
  readonly changes: Signal<void>;
  list(): readonly ImportedModel[];
  /** Folders that hold nothing readable, and why. */
  readonly damaged: ReadonlyMap<string, string>;
  /** Reads the folders anew where something changed. */
  scan(): Promise<void>;
}

/** Nothing is read before the first `scan`. */
export function createModelIndex(workspace: Workspace): ModelIndex {
  const changes = createSignal<void>();
  const damaged = new Map<string, string>();
  let models: readonly ImportedModel[] = [];
  let fingerprint: string | undefined;
  return {
    changes,
    damaged,
    list: () => models,
    async scan() {
      const seen = await fingerprintOf(workspace);
      if (seen === fingerprint) return;
      const found = await listModels(workspace);
      damaged.clear();
      for (const folder of found.damaged) {
        const name = folder.replace(/^.*[\\/]/su, '');
        damaged.set(folder, await findModel(workspace, name).then(() => '', messageOf));
      }
      models = found.models;
      fingerprint = seen;
      changes.emit();
    },
  };
}

/** Changes whenever a folder appears, disappears, or has another manifest. */
async function fingerprintOf({ models }: Workspace): Promise<string> {
  const parts: string[] = [];
  for (const name of (await namesIn(models)).filter((entry) => !entry.startsWith('.')).sort()) {
    const manifest = await unlessAbsent(stat(join(models, name, 'manifest.json')));
    parts.push(`${name}:${String(manifest?.mtimeMs ?? 'none')}:${String(manifest?.size ?? 0)}`);
  }
  return parts.join('\n');
}

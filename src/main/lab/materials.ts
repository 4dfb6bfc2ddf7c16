/** Corpora and datasets as the database lists them; the folders decide, and are looked at again whenever something may have changed. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { messageOf } from '../../shared/errors.ts';
import type { Material, MaterialGroup } from '../workspace/catalogue.ts';
import { findMaterial, listMaterials } from '../workspace/catalogue.ts';
import { fileExists, namesIn, unlessAbsent } from '../files/file-exists.ts';
import type { Signal } from './events.ts';
import { createSignal } from './events.ts';
import { inTransaction } from './store/database.ts';
import { readJson } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';

export interface IndexedMaterial extends Material {
  readonly group: MaterialGroup;
}

export interface MaterialIndex {
  readonly changes: Signal<void>;
  list(): readonly IndexedMaterial[];
  /** Folders that hold nothing readable, and why. */
  readonly damaged: ReadonlyMap<string, string>;
  /** Reads the folders anew where something changed. */
  scan(): Promise<void>;
}

const groups = ['corpus', 'dataset'] as const;

/** Nothing is read before the first `scan`. */
export function createMaterialIndex(workspace: Workspace, database: DatabaseSync): MaterialIndex {
  const changes = createSignal<void>();
  const damaged = new Map<string, string>();
  let materials: readonly IndexedMaterial[] = [];
  let fingerprint: string | undefined;

  return {
    changes,
    damaged,
    list: () => materials,
    async scan() {
      const seen = await fingerprintOf(workspace);
      if (seen === fingerprint) return;
      const found: IndexedMaterial[] = [];
      damaged.clear();
      for (const group of groups) {
        const { materials: ofGroup, damaged: bad } = await listMaterials(workspace, group);
        found.push(...ofGroup.map((material) => ({ ...material, group })));
        for (const folder of bad) damaged.set(folder, await reasonOf(workspace, group, folder));
      }
      inTransaction(database, () => {
        database.exec('DELETE FROM materials');
        const insert = database.prepare(
          'INSERT INTO materials (grouping, name, kind, created_at, content_hash, manifest) VALUES (?, ?, ?, ?, ?, ?)',
        );
        for (const { group, name, kind, createdAt, contentHash, manifest } of found) {
          insert.run(group, name, kind, createdAt, contentHash, JSON.stringify(manifest));
        }
      });
      materials = found;
      fingerprint = seen;
      changes.emit();
    },
  };
}

/** Changes whenever a folder appears, disappears, or has another manifest. */
async function fingerprintOf({ corpora, datasets }: Workspace): Promise<string> {
  const parts: string[] = [];
  for (const parent of [corpora, datasets]) {
    const names = await namesIn(parent);
    for (const name of names.filter((entry) => !entry.startsWith('.')).sort()) {
      const manifest = await unlessAbsent(stat(join(parent, name, 'manifest.json')));
      parts.push(`${parent}/${name}:${manifest?.mtimeMs ?? 'none'}:${manifest?.size ?? 0}`);
    }
  }
  return parts.join('\n');
}

async function reasonOf(workspace: Workspace, group: MaterialGroup, folder: string): Promise<string> {
  const name = folder.replace(/^.*[\\/]/s, '');
  return findMaterial(workspace, group, name).then(() => '', messageOf);
}

/** Bytes of all files under a folder. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  }
  return bytes;
}

/** The report that an image import leaves beside its manifest; undefined where there is none. Throws `LabError('corrupt')`. */
export async function readImageReport(folder: string): Promise<unknown> {
  const file = join(folder, 'import-report.json');
  return (await fileExists(file)) ? readJson(file, z.unknown()) : undefined;
}

/**
 * Pipelines and experiments that people keep by name: a JSON file each in the workspace, which can be read and moved, and a
 * row in the database, which lists them.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { LabError, isLabError } from '../../shared/errors.ts';
import { makeFolder } from '../files/durable-file.ts';
import { namesIn } from '../files/file-exists.ts';
import { inTransaction } from './store/database.ts';
import { readJson, writeJson } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';

export type DocumentKind = 'pipelines' | 'experiments';

export interface StoredDocument {
  readonly name: string;
  readonly savedAt: number;
  readonly body: unknown;
}

export interface Documents {
  list(kind: DocumentKind): readonly StoredDocument[];
  /** Throws `LabError('conflict')` for a name that is taken, unless it is to be replaced. */
  save(kind: DocumentKind, name: string, body: unknown, replace: boolean): Promise<StoredDocument>;
  /** Throws `LabError('not-found')`. */
  delete(kind: DocumentKind, name: string): Promise<StoredDocument>;
  /** Brings the rows in line with the files. */
  scan(): Promise<void>;
}

const stored = z.object({ savedAt: z.number(), body: z.unknown() });
const kinds: readonly DocumentKind[] = ['pipelines', 'experiments'];

/** Files decide; the database is what lists are read from. */
export function createDocuments(workspace: Workspace, database: DatabaseSync): Documents {
  const fileOf = (kind: DocumentKind, name: string): string => join(workspace.folder, kind, `${name}.json`);
  const list = (kind: DocumentKind): StoredDocument[] =>
    database
      .prepare('SELECT name, saved_at, body FROM documents WHERE kind = ? ORDER BY name')
      .all(kind)
      .map(({ name, saved_at: savedAt, body }) => ({
        name: String(name),
        savedAt: Number(savedAt),
        body: JSON.parse(String(body)) as unknown, // parse is typed any
      }));
  const put = (kind: DocumentKind, { name, savedAt, body }: StoredDocument): void => {
    database
      .prepare('INSERT OR REPLACE INTO documents (kind, name, saved_at, body) VALUES (?, ?, ?, ?)')
      .run(kind, name, savedAt, JSON.stringify(body));
  };
  return {
    list,
    async save(kind, name, body, replace) {
      if (!replace && list(kind).some((known) => known.name === name)) {
        throw new LabError(
          'conflict',
          `There is '${name}' in the ${kind} already. Choose another name, or replace it`,
          { name },
        );
      }
      const document = { name, savedAt: Date.now(), body };
      await makeFolder(join(workspace.folder, kind));
      await writeJson(fileOf(kind, name), { savedAt: document.savedAt, body });
      put(kind, document);
      return document;
    },
    async delete(kind, name) {
      const document = list(kind).find((known) => known.name === name);
      if (!document) throw new LabError('not-found', `There is no '${name}' in the ${kind}`, { name });
      await rm(fileOf(kind, name), { force: true });
      database.prepare('DELETE FROM documents WHERE kind = ? AND name = ?').run(kind, name);
      return document;
    },
    async scan() {
      for (const kind of kinds) {
        const names = (await namesIn(join(workspace.folder, kind)))
          .filter((file) => file.endsWith('.json'))
          .map((file) => file.slice(0, -5));
        const documents: StoredDocument[] = [];
        for (const name of names) {
          const document = await readJson(fileOf(kind, name), stored).catch((error: unknown) => {
            if (isLabError(error, 'corrupt')) return undefined; // not one of ours: it stays where it is
            throw error;
          });
          if (document) documents.push({ name, ...document });
        }
        inTransaction(database, () => {
          database.prepare('DELETE FROM documents WHERE kind = ?').run(kind);
          for (const document of documents) put(kind, document);
        });
      }
    },
  };
}

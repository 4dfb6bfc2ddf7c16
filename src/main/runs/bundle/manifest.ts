/**
 * A bundle: a run, a study or a model with all that it stands on, in one zip archive.
 *
 *     bundle.json               what is in it, with the size and SHA-256 of every other file, and what it was made with
 *     runs/ID/                  run folders without locks and logs: the runs themselves, and those that their weights come from
 *     models/NAME/              models of others that weights come from
 *     corpora/NAME/ datasets/NAME/  the material, where it is included
 *     studies/                  specs and tables of studies
 *
 * Paths are those of a workspace.
 */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import { nameSpec } from '../../../shared/spec/experiment/v2.ts';

export const bundleVersion = 2;
/** The first version that knows a kind of subject: a bundle has the least that reads it. */
export const versionOfKind = { run: 1, study: 1, model: 2 } as const;
export const manifestName = 'bundle.json';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const bundleManifest = z.object({
  format: z.literal('pretext-bundle'),
  formatVersion: z.literal([1, 2]),
  createdAt: z.iso.datetime(),
  subject: z.object({ kind: z.enum(['run', 'study', 'model']), name: nameSpec }),
  /** Ids, the first weights of others before those that began with them. `lineage`: the runs that weights come from. */
  runs: z.array(z.object({ id: nameSpec, role: z.enum(['subject', 'lineage']) })),
  materials: z.array(
    z.object({
      group: z.enum(['corpus', 'dataset']),
      name: nameSpec,
      contentHash: z.string(),
      included: z.boolean(),
    }),
  ),
  models: z.array(nameSpec),
  /** What belongs to it and could not be included, for a person. */
  missing: z.array(z.string()),
  madeWith: z.object({
    lab: z.string(),
    engine: z.string(),
    machine: z.object({ processor: z.string(), cores: z.int(), system: z.string(), node: z.string() }),
  }),
  files: z.record(z.string(), z.object({ bytes: z.int().min(0), sha256 })),
});

export type BundleManifest = z.infer<typeof bundleManifest>;

const heading = z.looseObject({ format: z.string(), formatVersion: z.number() });

/** Throws `LabError('format-version')` for a bundle of a newer lab, `LabError('corrupt')` for what is none. */
export function parseManifest(text: string, file: string): BundleManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LabError('corrupt', `${file} is damaged: its ${manifestName} is not JSON`, { file }, error);
  }
  const found = heading.safeParse(value);
  if (!found.success || found.data.format !== 'pretext-bundle') {
    throw new LabError('corrupt', `${file} is not a bundle: its ${manifestName} does not say so`, { file });
  }
  if (found.data.formatVersion > bundleVersion) {
    const message = `${file} is a bundle of version ${found.data.formatVersion}, and this lab knows versions up to ${bundleVersion}. Update the lab`;
    throw new LabError('format-version', message, { file, version: found.data.formatVersion });
  }
  const parsed = bundleManifest.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LabError('corrupt', `${file} is damaged: ${manifestName}: ${z.prettifyError(parsed.error)}`, { file });
}

const folders: ReadonlySet<string> = new Set(['runs', 'models', 'corpora', 'datasets', 'studies']);

/** Names that Windows takes for devices, whatever follows their first dot. */
const devices = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** Whether a name is a plain path below one of a workspace's folders, on every system. */
export function isSafePath(path: string): boolean {
  const parts = path.split('/');
  const isPlain = parts.every(
    (part) =>
      part !== '' &&
      !part.startsWith('.') &&
      !/[\\:*?"<>|\0-\x1f]/.test(part) &&
      !/[. ]$/.test(part) &&
      !devices.test(part) &&
      part.length <= 255,
  );
  return isPlain && path.length <= 1000 && parts.length >= 2 && folders.has(parts[0] ?? '');
}

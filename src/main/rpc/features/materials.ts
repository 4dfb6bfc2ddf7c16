/** Corpora and datasets. */
import { z } from 'zod';
import { groupOfKind } from '../../../shared/spec/data-kind.ts';
import { labelKinds } from '../../../shared/spec/label-format.ts';
import type { MaterialSummary, materialsContract } from '../../../shared/contract/materials.ts';
import { importRequest, materialReference } from '../../../shared/contract/materials.ts';
import { LabError } from '../../../shared/errors.ts';
import { imageImportOptions } from '../../../shared/spec/image-import.ts';
import { frameOptions } from '../../../shared/spec/manifests/audio-dataset.ts';
import { imageImportReport } from '../../../shared/spec/manifests/image-import-report.ts';
import { trainedTokenizerOptions } from '../../../shared/spec/manifests/text-corpus.ts';
import { textImportReport } from '../../../shared/spec/manifests/text-import-report.ts';
import { findMaterial, materialFolder } from '../../workspace/catalogue.ts';
import { fileExists } from '../../files/file-exists.ts';
import type { Lab } from '../../lab/lab.ts';
import type { IndexedMaterial } from '../../lab/materials.ts';
import { folderBytes, readImageReport } from '../../lab/materials.ts';
import { requireName } from '../../workspace/workspace.ts';
import type { HandlersOf } from '../dispatcher.ts';

export function materialsHandlers(lab: Lab): HandlersOf<typeof materialsContract> {
  const { materials, workers, jobs, trash, workspace, runs } = lab;
  const runsOn = ({ name, contentHash }: { readonly name: string; readonly contentHash: string }) =>
    runs.all().filter(({ origin }) => origin.data.name === name && origin.data.contentHash === contentHash);
  const find = async (group: 'corpus' | 'dataset', name: string): Promise<IndexedMaterial> => {
    await materials.scan();
    const known = materials.list().find((material) => material.group === group && material.name === name);
    return known ?? { ...(await findMaterial(workspace, group, name)), group }; // says what there is
  };
  return {
    async list() {
      await materials.scan();
      return {
        materials: await Promise.all(
          materials.list().map(async (material) => ({
            ...summarise(material, runsOn(material).length),
            skipped: await skippedOf(material),
          })),
        ),
        damaged: [...materials.damaged].map(([folder, message]) => ({ folder, message })),
      };
    },
    async get({ group, name }) {
      const material = await find(group, name);
      const { folder, manifest } = material;
      return {
        ...summarise(material, runsOn(material).length),
        skipped: await skippedOf(material),
        folder,
        sources: sourcesOf(manifest),
        bytes: await folderBytes(folder),
        classes: classesOf(manifest),
        report: await reportOf(folder, manifest),
        manifest: { ...manifest },
      };
    },
    importOptions: () => ({
      ...Object.fromEntries(
        importRequest.options.map((option) => [
          [...kindsOf(option)].join(' '),
          z.toJSONSchema(option, { io: 'input' }),
        ]),
      ),
      tokenizer: z.toJSONSchema(trainedTokenizerOptions, { io: 'input' }),
      images: z.toJSONSchema(imageImportOptions, { io: 'input' }),
      sounds: z.toJSONSchema(frameOptions, { io: 'input' }),
    }),
    inspect: (input, { signal }) => workers.call('inspect', input, { signal }),
    async import(input) {
      const group = groupOfKind(input.kind);
      const folder = materialFolder(workspace, group, requireName(input.name));
      if (await fileExists(folder)) {
        throw new LabError(
          'conflict',
          `There is a ${group} '${input.name}' already. Choose another name, or delete it first`,
        );
      }
      const { id } = jobs.start('import', `Import of ${input.name}`, async (signal, onProgress) => {
        const made = await workers.callAlone('import', input, { signal, onProgress });
        await materials.scan();
        return { made: [made] };
      });
      return { job: id };
    },
    search: (input, { signal }) => workers.call('search', input, { signal }),
    images: (input, { signal }) => workers.call('images', input, { signal }),
    splits: (input, { signal }) => workers.call('splits', input, { signal }),
    lengths: (input, { signal }) => workers.call('lengths', input, { signal }),
    duplicates: (input, { signal }) => workers.call('duplicates', input, { signal }),
    tokenize: (input, { signal }) => workers.call('tokenize', input, { signal }),
    edits: (input, { signal }) => workers.call('edits', input, { signal }),
    async edit(input, { signal }) {
      requireUnused(lab, input.name);
      const edited = await workers.call('edit', input, { signal });
      await materials.scan();
      return edited;
    },
    async delete({ group, name }) {
      const { folder } = await findMaterial(workspace, group, name).catch(async (error: unknown) => {
        const damaged = materialFolder(workspace, group, requireName(name));
        if (await fileExists(damaged)) return { folder: damaged }; // damaged ones can be deleted, too
        throw error;
      });
      requireUnused(lab, name);
      const undo = await trash.discard([folder], { group, name });
      await materials.scan();
      return { undo };
    },
    async restore({ undo }) {
      const about = materialReference.parse(await trash.restore(undo));
      await materials.scan();
      return about;
    },
  };
}

/** Throws `LabError('conflict')` for material that a run in the queue needs. */
function requireUnused({ runs }: Lab, name: string): void {
  const needed = runs
    .all()
    .find(({ spec, state }) => spec.data === name && ['queued', 'preparing', 'running', 'stopping'].includes(state));
  if (needed === undefined) return;
  throw new LabError('conflict', `The run ${needed.id} needs '${name}'. Stop it first, or take it out of the queue`, {
    run: needed.id,
  });
}

function kindsOf(option: (typeof importRequest.options)[number]): Iterable<string> {
  return [
    ...(option.shape.kind.def.type === 'literal'
      ? option.shape.kind.def.values
      : Object.values(option.shape.kind.def.entries)),
  ].map(String);
}

const counted = [
  'documents',
  'sentences',
  'tokens',
  'vocabularySize',
  'examples',
  'images',
  'recordings',
  'textBytes',
] as const;

function summarise(
  { group, kind, name, createdAt, contentHash, manifest }: IndexedMaterial,
  runs: number,
): Omit<MaterialSummary, 'skipped'> {
  const counts = Object.fromEntries(
    counted.flatMap((key) => (typeof manifest[key] === 'number' ? [[key, manifest[key]]] : [])),
  );
  const classes = classesOf(manifest);
  const { height, width, channels } = manifest;
  const isImage = typeof height === 'number' && typeof width === 'number' && typeof channels === 'number';
  return {
    group,
    kind,
    name,
    createdAt,
    contentHash,
    counts: { ...counts, ...(classes && { classes: classes.length }) },
    targets: targetsSchema.safeParse(manifest.targets).data?.kind ?? null,
    shape: isImage ? { height, width, channels } : null,
    runs,
  };
}

const targetsSchema = z.looseObject({ kind: z.enum(labelKinds).exclude(['classes']) });

const classSchema = z.array(
  z.looseObject({
    name: z.string(),
    examples: z.number().optional(),
    images: z.number().optional(),
    recordings: z.number().optional(),
  }),
);

/** Null where examples have numbers or several labels instead. */
function classesOf(manifest: IndexedMaterial['manifest']): { name: string; count: number }[] | null {
  if (manifest.targets !== undefined) return null;
  const parsed = classSchema.safeParse(manifest.classes);
  return parsed.success
    ? parsed.data.map(({ name, examples, images, recordings }) => ({
        name,
        count: examples ?? images ?? recordings ?? 0,
      }))
    : null;
}

function sourcesOf({ sources, source }: IndexedMaterial['manifest']): string[] {
  if (Array.isArray(sources)) return sources.map(String);
  if (typeof source === 'string') return [source];
  const path = z.object({ path: z.string() }).safeParse(source);
  return path.success ? [path.data.path] : [];
}

/** Reports of images lie in files of their own, and never change. */
const skippedImages = new Map<string, number>();

async function skippedOf({ folder, contentHash, manifest }: IndexedMaterial): Promise<number> {
  const key = `${folder} ${contentHash}`;
  const known = skippedImages.get(key);
  if (known !== undefined) return known;
  const report = await reportOf(folder, manifest);
  const skipped = report?.report.skipped.total ?? 0;
  if (report?.content === 'images') skippedImages.set(key, skipped);
  return skipped;
}

async function reportOf(folder: string, manifest: IndexedMaterial['manifest']) {
  const text = textImportReport.safeParse(manifest.report);
  if (text.success) return { content: 'text' as const, report: text.data };
  const images = imageImportReport.safeParse(await readImageReport(folder));
  return images.success ? { content: 'images' as const, report: images.data } : null;
}

/** What lists and pages say of a corpus or a dataset, from its manifest and its report. */
import { z } from 'zod';
import type { MaterialSummary } from '../../shared/contract/materials.ts';
import { imageImportReport } from '../../shared/spec/manifests/image-import-report.ts';
import { textImportReport } from '../../shared/spec/manifests/text-import-report.ts';
import { labelKinds } from '../../shared/spec/label-format.ts';
import type { IndexedMaterial } from './materials.ts';
import { folderBytes, readImageReport } from './materials.ts';

/** @param runs how many runs were trained on it */
export async function summariseMaterial(material: IndexedMaterial, runs: number): Promise<MaterialSummary> {
  return { ...summarise(material, runs), skipped: await skippedOf(material) };
}

/** What the page of a material says beside its summary. */
export async function describeMaterial({ folder, manifest }: IndexedMaterial) {
  return {
    folder,
    sources: sourcesOf(manifest),
    bytes: await folderBytes(folder),
    classes: classesOf(manifest),
    report: await reportOf(folder, manifest),
    manifest: { ...manifest },
  };
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

/** What belongs to a run, a study or a model: its runs, those that their weights come from, their material, and what cannot be found. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { groupOfKind } from '../../../shared/spec/data-kind.ts';
import { LabError, isLabError } from '../../../shared/errors.ts';
import { migrateStoredStudy } from '../../../shared/spec/study-versions.ts';
import { filesUnder, checksumsName } from '../../files/checksums.ts';
import { fileExists } from '../../files/file-exists.ts';
import { checkpointFolder, listCheckpoints } from '../../workspace/checkpoint-folders.ts';
import type { Material, MaterialGroup } from '../../workspace/catalogue.ts';
import { findMaterial } from '../../workspace/catalogue.ts';
import type { ImportedModel } from '../../workspace/models.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import { isLocked, readJson, runFolder, runOrigin } from '../../workspace/run-folder.ts';
import { listRuns } from '../../workspace/runs.ts';
import { studyFiles } from '../../workspace/studies.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { findNetwork } from '../find-network.ts';
import { checkpointStep } from '../prepare.ts';
import { isRunOf } from '../find-runs.ts';
import { parseStudy, planStudy } from '../study-plan.ts';
import type { BundleManifest } from './manifest.ts';

export interface BundleContent {
  readonly subject: BundleManifest['subject'];
  readonly runs: readonly { readonly run: RunFolder; readonly role: 'subject' | 'lineage' }[];
  readonly materials: readonly (Pick<Material, 'name' | 'contentHash'> & {
    readonly group: MaterialGroup;
    /** Undefined where it is not here any more as it was. */
    readonly folder: string | undefined;
  })[];
  readonly models: readonly string[];
  readonly missing: readonly string[];
  /** Paths within the workspace, of everything but material. */
  readonly files: readonly string[];
}

/**
 * A study by its name, a run by its id or name, or else a model: of what is called by a word alone, the first that there is. Throws
 * `LabError('not-found')`, and `LabError('conflict')` for a run that is being trained.
 */
export async function collectContent(
  workspace: Workspace,
  reference: string | BundleContent['subject'],
): Promise<BundleContent> {
  const { kind, name } = typeof reference === 'string' ? { kind: undefined, name: reference } : reference;
  const study = studyFiles(workspace, name).spec;
  const isStudy = /^[\w.-]+$/.test(name) && (await fileExists(study));
  if (kind === 'study' || (kind === undefined && isStudy)) {
    if (isStudy) return collectStudy(workspace, name, study);
    throw new LabError('not-found', `There is no study '${name}'`, { name });
  }
  const found = await findNetwork(workspace, kind === 'model' ? `model:${name}` : name);
  if (found.kind === 'model') return collectModel(found.model);
  return gather(workspace, { kind: 'run', name: found.run.id }, [found.run], []);
}

async function collectModel({ name, folder }: ImportedModel): Promise<BundleContent> {
  const files = await filesBelow(folder, `models/${name}`);
  return { subject: { kind: 'model', name }, runs: [], materials: [], models: [name], missing: [], files };
}

async function collectStudy(workspace: Workspace, name: string, file: string): Promise<BundleContent> {
  const value = migrateStoredStudy(JSON.parse(await readFile(file, 'utf8')));
  const source = { value, locate: () => file };
  const { runs } = await listRuns(workspace);
  const found = planStudy(parseStudy(source), source).flatMap(({ experiment }) => {
    const run = runs.find((one) => one.result !== null && isRunOf(one.experiment, experiment));
    return run ? [runFolder(run.folder)] : [];
  });
  if (found.length === 0) {
    throw new LabError('bad-input', `No run of the study '${name}' is finished yet: there is nothing to bundle`, {
      name,
    });
  }
  const tables = [`studies/${name}.spec.json`, `studies/${name}.json`];
  const there: string[] = [];
  for (const table of tables) if (await fileExists(join(workspace.folder, table))) there.push(table);
  return gather(workspace, { kind: 'study', name }, found, there);
}

async function gather(
  workspace: Workspace,
  subject: BundleContent['subject'],
  subjects: readonly RunFolder[],
  documents: readonly string[],
): Promise<BundleContent> {
  const runs = new Map<string, { run: RunFolder; role: 'subject' | 'lineage'; steps: Set<number> }>();
  const materials = new Map<string, BundleContent['materials'][number]>();
  const models = new Set<string>();
  const missing: string[] = [];

  async function add(run: RunFolder, role: 'subject' | 'lineage', step?: number): Promise<void> {
    const known = runs.get(run.id);
    if (known) {
      if (step !== undefined) known.steps.add(step);
      return;
    }
    if (await isLocked(run)) {
      throw new LabError('conflict', `${run.id} is being trained. Wait for its end, or stop it, and bundle it then`, {
        run: run.id,
      });
    }
    const origin = await readJson(run.origin, runOrigin);
    const { weights } = origin;
    if (weights) await addWeights(run, weights);
    const steps = new Set(step === undefined ? [] : [step]);
    const there = await listCheckpoints(run.checkpoints);
    if (there.length > 0) for (const which of ['best', 'last'] as const) steps.add(await checkpointStep(run, which));
    runs.set(run.id, { run, role, steps });
    await addMaterial(origin.data);
  }

  async function addWeights(
    { id }: RunFolder,
    { label, file }: { readonly label: string; readonly file: string },
  ): Promise<void> {
    const [, parent, step] = /^runs\/([^/]+)\/checkpoints\/step-(\d+)\//.exec(file) ?? [];
    const [, model] = /^models\/([^/]+)\//.exec(file) ?? [];
    if (parent !== undefined && (await fileExists(runFolder(join(workspace.runs, parent)).spec))) {
      await add(runFolder(join(workspace.runs, parent)), 'lineage', Number(step));
    } else if (model !== undefined && (await fileExists(join(workspace.models, model)))) models.add(model);
    else missing.push(`${label}, the weights that ${id} began with: they are not in the workspace`);
  }

  async function addMaterial({
    kind,
    name,
    contentHash,
  }: {
    kind: string;
    name: string;
    contentHash: string;
  }): Promise<void> {
    const group = groupOfKind(kind);
    const key = `${group} ${name} ${contentHash}`;
    if (materials.has(key)) return;
    const found = await findMaterial(workspace, group, name).catch((error: unknown) => {
      if (isLabError(error)) return undefined;
      throw error;
    });
    const isSame = found?.contentHash === contentHash;
    if (!isSame) {
      missing.push(`${group} '${name}' as it was: ${found ? 'it has been imported again since' : 'it is gone'}`);
    }
    materials.set(key, { group, name, contentHash, folder: isSame ? found.folder : undefined });
  }

  for (const run of subjects) await add(run, 'subject');
  const files = [...documents];
  for (const { run, steps } of runs.values()) files.push(...(await filesOfRun(run, steps)));
  for (const model of models) files.push(...(await filesBelow(join(workspace.models, model), `models/${model}`)));
  return {
    subject,
    runs: [...runs.values()].map(({ run, role }) => ({
      run,
      role: subjects.some(({ id }) => id === run.id) ? 'subject' : role,
    })),
    materials: [...materials.values()],
    models: [...models],
    missing,
    files,
  };
}

/** Of this process and machine alone. */
const passing: ReadonlySet<string> = new Set(['lock', 'stop', 'trainer.log']);

/** Checkpoints are the best, the last, and those that other runs begin with. */
async function filesOfRun(run: RunFolder, steps: ReadonlySet<number>): Promise<string[]> {
  const kept = [...steps].map((step) => checkpointFolder('checkpoints', step).replaceAll('\\', '/'));
  const all = await filesBelow(run.folder, `runs/${run.id}`);
  return all.filter((path) => {
    const inside = path.slice(`runs/${run.id}/`.length);
    if (passing.has(inside)) return false;
    return !inside.startsWith('checkpoints/') || kept.some((folder) => inside.startsWith(`${folder}/`));
  });
}

/** Without what is hidden or half-written. */
export async function filesBelow(folder: string, prefix: string): Promise<string[]> {
  const files = await filesUnder(folder);
  if (await fileExists(join(folder, checksumsName))) files.push(checksumsName);
  const visible = files.filter(
    (path) => !path.split('/').some((part) => part.startsWith('.') || part.endsWith('.partial')),
  );
  return visible.map((path) => `${prefix}/${path}`);
}

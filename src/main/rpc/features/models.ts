/** Models of others: what is there, what comes, what came of it. */
import { z } from 'zod';
import type { ModelSummary, modelsContract } from '../../../shared/contract/models.ts';
import { LabError } from '../../../shared/errors.ts';
import { modelSettings } from '../../../shared/spec/model-settings.ts';
import type { Experiment } from '../../../shared/spec/experiment/index.ts';
import { fileExists } from '../../files/file-exists.ts';
import type { Lab } from '../../lab/lab.ts';
import { lineageOf } from '../../lab/lineage.ts';
import { folderBytes } from '../../lab/materials.ts';
import type { ImportedModel } from '../../workspace/models.ts';
import { readExports } from '../../workspace/export-records.ts';
import { listStudies } from '../../workspace/studies.ts';
import { findModel, modelFolder } from '../../workspace/models.ts';
import { requireName } from '../../workspace/workspace.ts';
import { listSweeps } from '../../runs/sweep.ts';
import type { HandlersOf } from '../dispatcher.ts';
import { isUnderWay } from './runs-of.ts';

const discarded = z.object({ model: z.string() });

export function modelsHandlers(lab: Lab): HandlersOf<typeof modelsContract> {
  const { models, materials, runs, workers, jobs, trash, workspace } = lab;
  const usersOf = (name: string) => runs.all().filter(({ spec }) => beginsWith(spec, name));
  const requireFree = async (name: string): Promise<void> => {
    if (!(await fileExists(modelFolder(workspace, requireName(name))))) return;
    throw new LabError('conflict', `There is a model '${name}' already. Choose another name, or delete it first`, {
      name,
    });
  };
  return {
    async list() {
      await models.scan();
      return {
        models: models.list().map((model) => summarise(model, usersOf(model.name).length)),
        damaged: [...models.damaged].map(([folder, message]) => ({ folder, message })),
      };
    },
    async get({ name }, { signal }) {
      const model = await findModel(workspace, name);
      const { folder, manifest, tokenizer } = model;
      const users = usersOf(name);
      const { layers, card } = await workers.call('modelDetails', { name }, { signal });
      return {
        ...summarise(model, users.length),
        folder,
        bytes: await folderBytes(folder),
        source: manifest.source,
        input: manifest.input,
        preprocessing: manifest.preprocessing,
        headDetails: manifest.heads,
        hasTokenizer: tokenizer !== undefined,
        notes: manifest.notes,
        layers,
        card,
        usedBy: {
          runs: users.map(({ id, spec }) => ({ id, name: spec.name })),
          studies: [...new Set(users.flatMap(({ study }) => study ?? []))].sort(),
        },
      };
    },
    preview: (input, { signal }) => workers.call('modelPreview', input, { signal }),
    settings: () => z.toJSONSchema(modelSettings, { io: 'input' }),
    layers: (input, { signal }) => workers.call('modelLayers', input, { signal }),
    async import(input) {
      const { name } = input;
      await requireFree(name);
      const { id } = jobs.start('model', `Import of ${name}`, async (signal, onProgress) => {
        const result = await workers.callAlone('modelImport', input, { signal, onProgress });
        await models.scan();
        return { result };
      });
      return { job: id };
    },
    hub: (input, { signal }) => workers.call('hubPlan', input, { signal }),
    async download(input) {
      await requireFree(input.name);
      const { id } = jobs.start('model', `Download of ${input.model}`, async (signal, onProgress) => {
        const result = await workers.callAlone('hubDownload', input, { signal, onProgress });
        await models.scan();
        return { result };
      });
      return { job: id };
    },
    async lineage() {
      await Promise.all([models.scan(), materials.scan()]);
      return lineageOf({
        runs: runs.all(),
        models: models.list().map(({ name, manifest }) => ({ name, title: manifest.title })),
        materials: materials.list(),
        works: [
          ...(await listStudies(workspace)).map((name) => ({ kind: 'study' as const, name })),
          ...(await listSweeps(workspace)).map((name) => ({ kind: 'sweep' as const, name })),
        ],
        exports: await Promise.all(
          (await readExports(workspace)).map(async (one) => ({ ...one, isThere: await fileExists(one.folder) })),
        ),
      });
    },
    async delete({ name }) {
      const folder = modelFolder(workspace, requireName(name));
      if (!(await fileExists(folder))) await findModel(workspace, name); // says what there is; damaged ones can be deleted, too
      const needed = usersOf(name).find((run) => isUnderWay(run));
      if (needed) {
        throw new LabError(
          'conflict',
          `The run ${needed.id} needs '${name}'. Stop it first, or take it out of the queue`,
          { run: needed.id },
        );
      }
      const undo = await trash.discard([folder], { model: name });
      await models.scan();
      return { undo };
    },
    async restore({ undo }) {
      const { model } = discarded.parse(await trash.restore(undo));
      await models.scan();
      return { name: model };
    },
  };
}

/** Whether a run's first weights or its tokenizer are a model's. */
function beginsWith({ from, tokenizer }: Pick<Experiment, 'from' | 'tokenizer'>, name: string): boolean {
  return [from, tokenizer].some((source) => source !== undefined && 'model' in source && source.model === name);
}

function summarise({ name, manifest }: ImportedModel, runs: number): ModelSummary {
  const { family, title, createdAt, input, parameters, heads, source, contentHash } = manifest;
  return {
    name,
    family,
    title,
    createdAt,
    reads: input.kind,
    parameters,
    heads: heads.map((head) => head.title),
    licence: source.licence,
    contentHash,
    runs,
  };
}

/** Corpora and datasets. */
import { z } from 'zod';
import { groupOfKind } from '../../../shared/spec/data-kind.ts';
import type { materialsContract } from '../../../shared/contract/materials.ts';
import { importRequest, materialReference } from '../../../shared/contract/materials.ts';
import { LabError } from '../../../shared/errors.ts';
import { imageImportOptions } from '../../../shared/spec/image-import.ts';
import { frameOptions } from '../../../shared/spec/manifests/audio-dataset.ts';
import { trainedTokenizerOptions } from '../../../shared/spec/manifests/text-corpus.ts';
import { findMaterial, materialFolder } from '../../workspace/catalogue.ts';
import { fileExists } from '../../files/file-exists.ts';
import type { Lab } from '../../lab/lab.ts';
import { describeMaterial, summariseMaterial } from '../../lab/material-summary.ts';
import type { IndexedMaterial } from '../../lab/materials.ts';
import { requireName } from '../../workspace/workspace.ts';
import type { HandlersOf } from '../dispatcher.ts';
import { isUnderWay } from './runs-of.ts';

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
          materials.list().map((material) => summariseMaterial(material, runsOn(material).length)),
        ),
        damaged: [...materials.damaged].map(([folder, message]) => ({ folder, message })),
      };
    },
    async get({ group, name }) {
      const material = await find(group, name);
      return { ...(await summariseMaterial(material, runsOn(material).length)), ...(await describeMaterial(material)) };
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
  const needed = runs.all().find((run) => run.spec.data === name && isUnderWay(run));
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

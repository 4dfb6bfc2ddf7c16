/** What has a name in the workspace, as actions that open it: runs, material, pipelines, studies and sweeps are found like commands. */
import type { MaterialSummary } from '../../../shared/contract/materials.ts';
import type { ModelSummary } from '../../../shared/contract/models.ts';
import type { PresetInformation } from '../../../shared/contract/registry.ts';
import type { Run } from '../../../shared/contract/runs.ts';
import type { RouteLocationRaw } from 'vue-router';
import type { Action } from '../actions/action.ts';
import { kindWords, materialIcon } from '../features/datasets/material-words.ts';

export interface Places {
  readonly runs: readonly Pick<Run, 'id' | 'name' | 'task' | 'data' | 'tags' | 'notes'>[];
  readonly materials: readonly Pick<MaterialSummary, 'group' | 'name' | 'kind'>[];
  readonly models: readonly Pick<ModelSummary, 'name' | 'title'>[];
  readonly pipelines: readonly { readonly name: string }[];
  readonly presets: readonly Pick<PresetInformation, 'name' | 'title'>[];
  readonly studies: readonly { readonly name: string }[];
  readonly sweeps: readonly { readonly name: string }[];
}

export function placeActions(places: Places, open: (place: RouteLocationRaw) => void): readonly Action[] {
  return [
    ...places.runs.map(({ id, task, data, tags, notes }): Action => ({
      id: `run.${id}`,
      title: id,
      section: 'Runs',
      icon: 'run',
      keywords: [task, data, ...tags, notes].join(' '),
      run: () => {
        open({ name: 'run', params: { id } });
      },
    })),
    ...places.materials.map(({ group, name, kind }): Action => ({
      id: `material.${group}.${name}`,
      title: name,
      section: 'Datasets',
      icon: materialIcon(kind),
      keywords: kindWords(kind),
      run: () => {
        open({ name: 'material', params: { group, name } });
      },
    })),
    ...places.models.map(({ name, title }): Action => ({
      id: `model.${name}`,
      title: name,
      section: 'Models',
      icon: 'model',
      keywords: `pretrained ${title}`,
      run: () => {
        open({ name: 'model', params: { model: name } });
      },
    })),
    ...places.pipelines.map(({ name }): Action => ({
      id: `pipeline.${name}`,
      title: name,
      section: 'Pipelines',
      icon: 'pipeline',
      keywords: 'saved',
      run: () => {
        open({ name: 'pipelines', query: { open: name } });
      },
    })),
    ...places.presets.map(({ name, title }): Action => ({
      id: `preset.${name}`,
      title,
      section: 'Pipelines',
      icon: 'pipeline',
      keywords: `preset ${name}`,
      run: () => {
        open({ name: 'pipelines', query: { preset: name } });
      },
    })),
    ...places.studies.map(({ name }): Action => ({
      id: `study.${name}`,
      title: name,
      section: 'Studies',
      icon: 'transfer',
      keywords: 'transfer gain',
      run: () => {
        open({ name: 'study', params: { study: name } });
      },
    })),
    ...places.sweeps.map(({ name }): Action => ({
      id: `sweep.${name}`,
      title: name,
      section: 'Sweeps',
      icon: 'sweep',
      keywords: 'settings trials',
      run: () => {
        open({ name: 'sweep', params: { sweep: name } });
      },
    })),
  ];
}

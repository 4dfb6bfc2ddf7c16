/** `pretext model`: pretrained networks of others as material. */
import type { Command } from 'commander';
import { LabError } from '../../../shared/errors.ts';
import { formatBytes, formatCount, plural } from '../../../shared/display.ts';
import type { ModelManifest } from '../../../shared/spec/manifests/model.ts';
import type { ModelPreview } from '../../runs/import-model.ts';
import { describeModelInput } from '../../runs/model-card.ts';
import { importModel, layersOf, nameFor, previewModel } from '../../runs/import-model.ts';
import { summarisePart } from '../../runs/summarise-pipeline.ts';
import type { ImportedModel } from '../../workspace/models.ts';
import { removeFolder } from '../../files/durable-folder.ts';
import { findModel, listModels } from '../../workspace/models.ts';
import { listRuns } from '../../workspace/runs.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { existingWorkspaceOf, globalsOf, workspaceOf } from './globals.ts';
import { headsOf, reportImport } from './model-report.ts';
import { registerDownload } from './model-download.ts';
import type { ModelSettingFlags } from './model-settings.ts';
import { addModelSettings, modelSettingsOf } from './model-settings.ts';
import { importWithProgress } from './import-progress.ts';
import { pairs, print, printJson, say, table } from './output.ts';

export function registerModel(model: Command): void {
  registerImport(model);
  registerDownload(model);
  registerList(model);
  registerShow(model);
  registerDelete(model);
}

interface ImportFlags extends ModelSettingFlags {
  readonly name?: string;
  readonly dryRun?: boolean;
  readonly listLayers?: boolean;
}

function registerImport(model: Command): void {
  const command = model
    .command('import')
    .description('import a model: a folder with config.json and weights, or a file of weights')
    .argument('<path>', 'the folder or file')
    .option('--name <name>', 'what to call it (default: as the folder or file)')
    .option('--dry-run', 'only look: which family it is of, its layers, its heads')
    .option('--list-layers', 'only look: the values of an ONNX network that --layer can name');
  addModelSettings(command).action(async (path: string, options: ImportFlags, own: Command) => {
    const json = globalsOf(own).json ?? false;
    if (options.listLayers) {
      await listLayers(path, json);
      return;
    }
    const settings = await modelSettingsOf(options);
    if (options.dryRun) {
      const preview = await previewModel(path, settings);
      if (json) printJson(preview);
      else print(pairs(describePreview(preview)));
      return;
    }
    const workspace = await workspaceOf(own);
    const manifest = await importWithProgress((signal, onProgress) =>
      importModel(workspace, options.name ?? nameFor(path), path, {
        signal,
        settings,
        onProgress: (phase, done, total) => {
          onProgress({ phase, done, total, unit: 'tensors' });
        },
      }),
    );
    if (json) printJson(manifest);
    else reportImport(manifest);
  });
}

async function listLayers(path: string, json: boolean): Promise<void> {
  const found = await layersOf(path);
  if (!found) throw new LabError('bad-input', `${path} is not an ONNX network: its head is already chosen`, { path });
  const layers = found.parts.filter(({ canBeChosen }) => canBeChosen).map(summarisePart);
  if (json) {
    printJson({ suggested: found.suggested, layers });
    return;
  }
  const columns = ['layer', 'op', 'shape', 'parameters'] as const;
  print(
    table(
      columns.map((title) => ({ title, align: title === 'parameters' ? 'right' : 'left' })),
      layers.map(({ name, kind, shape, parameters }) => [
        name === found.suggested ? `${name} (taken by default)` : name,
        kind,
        shape.join(' × '),
        formatCount(parameters),
      ]),
    ),
  );
}

function registerList(model: Command): void {
  model
    .command('list')
    .description('list the models')
    .action(async (_options: object, command: Command) => {
      const workspace = await existingWorkspaceOf(command);
      const { models, damaged } = await listModels(workspace);
      for (const folder of damaged) say(`${folder} holds no readable model`);
      if (globalsOf(command).json) printJson(models.map(({ folder, manifest }) => ({ folder, ...manifest })));
      else if (models.length === 0) {
        say(`No models in ${workspace.folder} yet: import one with 'pretext model import'`);
      } else {
        print(
          table(
            [{ title: 'name' }, { title: 'what it is' }, { title: 'parameters', align: 'right' }, { title: 'heads' }],
            models.map(row),
          ),
        );
      }
    });
}

const row = ({ name, manifest }: ImportedModel): string[] => [
  name,
  manifest.title,
  formatCount(manifest.parameters),
  headsOf(manifest),
];

function registerShow(model: Command): void {
  model
    .command('show')
    .description('show a model: where it is from, its layers, its heads')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      const { folder, manifest } = await findModel(await existingWorkspaceOf(command), name);
      if (globalsOf(command).json) printJson({ folder, ...manifest });
      else print(pairs([['folder', folder], ...describeManifest(manifest)]));
    });
}

function registerDelete(model: Command): void {
  model
    .command('delete')
    .description('delete a model; one that runs begin with is kept')
    .argument('<name>')
    .option('--force', 'also when runs begin with it: those that are not trained yet cannot be trained then')
    .action(async (name: string, { force = false }: { force?: boolean }, command: Command) => {
      const workspace = await existingWorkspaceOf(command);
      const { folder } = await findModel(workspace, name);
      const used = await runsFromModel(workspace, name);
      if (used.length > 0 && !force) {
        throw new LabError(
          'conflict',
          `The model ${name} is used by ${used.slice(0, 5).join(', ')}${used.length > 5 ? ` and ${used.length - 5} more` : ''}. Delete them first, or give --force`,
          { name, runs: used },
        );
      }
      await removeFolder(folder);
      if (globalsOf(command).json) printJson({ deleted: name, runs: used });
      else say(`${name} is deleted`);
    });
}

/** Runs whose first weights or whose tokenizer are a model's. */
async function runsFromModel(workspace: Workspace, name: string): Promise<readonly string[]> {
  const { runs } = await listRuns(workspace);
  const isOf = (source: object | undefined): boolean =>
    source !== undefined && 'model' in source && source.model === name;
  return runs.filter(({ experiment }) => isOf(experiment.from) || isOf(experiment.tokenizer)).map(({ id }) => id);
}

function describeManifest(manifest: ModelManifest): [string, string][] {
  const { title, family, source, parameters, tensors, contentHash, createdAt } = manifest;
  return [
    ['model', title],
    ['family', family],
    ['from', source.path],
    ['revision', source.revision ?? 'none'],
    ['licence', source.licence ?? 'not said by the source'],
    ['imported', new Date(createdAt).toLocaleString()],
    ['parameters', `${formatCount(parameters)} in ${plural(tensors, 'tensor')}`],
    ...describeParts(manifest),
    ...source.files.map(({ name, bytes, sha256 }): [string, string] => [
      name,
      `${formatBytes(bytes)}, SHA-256 ${sha256.slice(0, 16)}…`,
    ]),
    ['content', `${contentHash.slice(0, 16)}…`],
  ];
}

function describePreview(preview: ModelPreview): [string, string][] {
  return [
    ['model', preview.model.title],
    ['family', preview.familyTitle],
    ...preview.recognition.facts.map(([fact, value]): [string, string] => [fact, value]),
    ['parameters', formatCount(preview.parameters)],
    ['tokenizer', preview.hasTokenizer ? 'comes along' : 'none'],
    ...describeParts(preview.model),
    ...preview.missing.map((what): [string, string] => ['missing', what]),
  ];
}

/** What a manifest and a preview have in common. */
function describeParts({
  input,
  pipeline,
  heads,
  notes,
}: Pick<ModelPreview['model'], 'input' | 'pipeline' | 'heads' | 'notes'>): [string, string][] {
  return [
    ['reads', describeModelInput({ input })],
    ['blocks', pipeline.blocks.map(({ id, type }) => (id === type ? id : `${id} (${type})`)).join(', ')],
    ['heads', headsOf({ heads: [...heads] })],
    ...heads.flatMap(({ task, labels }): [string, string][] =>
      labels ? [[`classes of ${task}`, `${labels.length}: ${labels.slice(0, 8).join(', ')}`]] : [],
    ),
    ...notes.map((note): [string, string] => ['note', note]),
  ];
}

/** `list` and `show`, which corpora and datasets share. */
import type { Command } from 'commander';
import type { Material, MaterialGroup } from '../../lab/catalogue.ts';
import { findMaterial, listMaterials } from '../../lab/catalogue.ts';
import { formatCount } from '../../../shared/display.ts';
import { globalsOf, workspaceOf } from './globals.ts';
import { pairs, print, printJson, say, table } from './output.ts';

export function registerMaterialCommands(parent: Command, group: MaterialGroup): void {
  const several = group === 'corpus' ? 'corpora' : 'datasets';
  parent
    .command('list')
    .description(`list the ${several}`)
    .action(async (_options: object, command: Command) => {
      const workspace = await workspaceOf(command);
      const { materials, damaged } = await listMaterials(workspace, group);
      for (const folder of damaged) say(`${folder} holds no readable ${group}`);
      if (globalsOf(command).json) printJson(materials.map(summarise));
      else if (materials.length === 0) {
        say(`No ${several} in ${workspace.folder} yet: import one with 'pretext ${group} import'`);
      } else {
        print(
          table([{ title: 'name' }, { title: 'kind' }, { title: 'size' }, { title: 'imported' }], materials.map(row)),
        );
      }
    });
  parent
    .command('show')
    .description(`show a ${group}: what is in it and what was left out`)
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      const material = await findMaterial(await workspaceOf(command), group, name);
      if (globalsOf(command).json) printJson({ folder: material.folder, ...material.manifest });
      else print(pairs(describe(material)));
    });
}

function row(material: Material): string[] {
  return [material.name, material.kind, sizeOf(material), new Date(material.createdAt).toLocaleDateString()];
}

/** The counts of a manifest, whatever its kind: documents, sentences, tokens, examples, images. */
function sizeOf({ manifest }: Material): string {
  const counts = ['documents', 'sentences', 'tokens', 'examples', 'images'].flatMap((name) => {
    const count = manifest[name];
    return typeof count === 'number' ? [`${formatCount(count)} ${name}`] : [];
  });
  const { classes } = manifest;
  return [...counts, ...(Array.isArray(classes) ? [`${classes.length} classes`] : [])].join(', ');
}

function summarise({ kind, name, folder, createdAt, contentHash }: Material): object {
  return { kind, name, folder, createdAt, contentHash };
}

/** The manifest with a line for each fact: `report.skipped.total  4`, and one for each entry of a list of objects. */
function describe(material: Material): [string, string][] {
  return [
    ['folder', material.folder],
    ...Object.entries(material.manifest).flatMap(([name, value]) => facts(name, value)),
  ];
}

const mostEntries = 20;

function facts(name: string, value: unknown): [string, string][] {
  if (Array.isArray(value)) {
    if (value.every((one) => !isRecord(one))) return value.length === 0 ? [] : [[name, value.map(showFact).join(', ')]];
    const entries = value.slice(0, mostEntries).map((one, index): [string, string] => {
      const text = isRecord(one)
        ? Object.values(one)
            .filter((part) => part !== null)
            .map(showFact)
            .join(', ')
        : showFact(one);
      return [index === 0 ? name : '', text];
    });
    const more = value.length - entries.length;
    return more > 0 ? [...entries, ['', `and ${more} more (all of them with --json)`]] : entries;
  }
  if (isRecord(value)) return Object.entries(value).flatMap(([inner, part]) => facts(`${name}.${inner}`, part));
  return [[name, showFact(value)]];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function showFact(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `list` and `show`, which corpora and datasets share. */
import type { Command } from 'commander';
import type { Material, MaterialGroup } from '../../workspace/catalogue.ts';
import { findMaterial, listMaterials } from '../../workspace/catalogue.ts';
import { readImageReport } from '../../lab/materials.ts';
import { plural } from '../../../shared/display.ts';
import { globalsOf, existingWorkspaceOf } from './globals.ts';
import { pairs, print, printJson, say, table } from './output.ts';

export function registerMaterialCommands(parent: Command, group: MaterialGroup): void {
  const several = group === 'corpus' ? 'corpora' : 'datasets';
  parent
    .command('list')
    .description(`list the ${several}`)
    .action(async (_options: object, command: Command) => {
      const workspace = await existingWorkspaceOf(command);
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
      const { folder, manifest } = await findMaterial(await existingWorkspaceOf(command), group, name);
      const report = manifest.report ?? (await readImageReport(folder)); // images have theirs in a file of its own
      if (globalsOf(command).json) printJson({ folder, ...manifest, ...(report !== undefined && { report }) });
      else {
        // Its heading is the manifest's.
        const news = Object.entries(isRecord(report) ? report : {}).filter(([fact]) => !(fact in manifest));
        const all = { folder, ...manifest, report: Object.fromEntries(news) };
        print(pairs(Object.entries(all).flatMap(([fact, value]) => facts(fact, value))));
      }
    });
}

function row(material: Material): string[] {
  return [material.name, material.kind, sizeOf(material), new Date(material.createdAt).toLocaleDateString()];
}

/** The counts of a manifest, whatever its kind: documents, sentences, tokens, examples, images. */
function sizeOf({ manifest }: Material): string {
  const counts = ['documents', 'sentences', 'tokens', 'examples', 'images', 'recordings'].flatMap((name) => {
    const count = manifest[name];
    return typeof count === 'number' ? [plural(count, name.slice(0, -1))] : [];
  });
  const { classes } = manifest;
  return [...counts, ...(Array.isArray(classes) ? [plural(classes.length, 'class', 'classes')] : [])].join(', ');
}

function summarise({ kind, name, folder, createdAt, contentHash }: Material): object {
  return { kind, name, folder, createdAt, contentHash };
}

/** Of a list, and of a list within it. */
const mostEntries = 12;
const mostMembers = 4;

/** A line for each fact: `report.skipped.total  4`, and one for each entry of a list of lists or objects; none for nothing. */
function facts(name: string, value: unknown): [string, string][] {
  if (isRecord(value)) return Object.entries(value).flatMap(([inner, part]) => facts(`${name}.${inner}`, part));
  if (value === null || (Array.isArray(value) && value.length === 0)) return [];
  if (!Array.isArray(value)) return [[name, showFact(value)]];
  if (!value.some((one) => isRecord(one) || Array.isArray(one))) return [[name, value.map(showFact).join(', ')]];
  const entries = value
    .slice(0, mostEntries)
    .map((one, index): [string, string] => [index === 0 ? name : '', showEntry(one)]);
  const more = value.length - entries.length;
  return more > 0 ? [...entries, ['', `and ${more} more (all of them with --json)`]] : entries;
}

function showEntry(entry: unknown): string {
  if (isRecord(entry)) {
    const parts = Object.values(entry).filter((part) => part !== null);
    return parts.map(showFact).join(', ');
  }
  if (!Array.isArray(entry)) return showFact(entry);
  const more = entry.length - mostMembers;
  return `${entry.slice(0, mostMembers).map(showFact).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function showFact(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[0-9a-f]{64}$/u.test(value) ? `${value.slice(0, 16)}…` : value; // the whole hash is in --json
}

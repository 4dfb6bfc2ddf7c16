/** `pretext dataset edit`: changes the classes of a dataset, with a log and a way back. */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { plural } from '../../../shared/display.ts';
import { describeEdit, type DatasetEdit } from '../../../shared/spec/dataset-edit.ts';
import { changeDataset, editsOf } from '../../work/edit-dataset.ts';
import { existingWorkspaceOf, globalsOf } from './globals.ts';
import { positiveNumber } from './numbers.ts';
import { print, printJson, say, table } from './output.ts';

/** All kinds of changes in one list, in the order in which they were written. */
type Edits = readonly DatasetEdit[];

/** `before=after`; the last `=` counts, since names of classes may have one. */
function pairOf(text: string, example: string): [string, string] {
  const place = text.lastIndexOf('=');
  const [before, after] = [text.slice(0, place).trim(), text.slice(place + 1).trim()];
  if (place < 0 || before === '' || after === '') throw new InvalidArgumentError(`Write it as in ${example}.`);
  return [before, after];
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function numbersOf(text: string, example: string): number[] {
  return listOf(text).flatMap((part) => {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/u.exec(part) ?? [];
    if (first === undefined) throw new InvalidArgumentError(`Write it as in ${example}.`);
    const from = Number(first);
    return Array.from({ length: Math.max(0, Number(last ?? first) - from + 1) }, (_, index) => from + index);
  });
}

export function registerDatasetEdit(dataset: Command): void {
  const edits: DatasetEdit[] = [];
  const adding = (edit: (text: string) => DatasetEdit) => (text: string) => {
    edits.push(edit(text));
    return edits;
  };
  dataset
    .command('edit')
    .description('rename, merge and drop classes, relabel examples; without options, list the changes that were made')
    .argument('<name>', 'the dataset')
    .option(
      '--rename <old=new>',
      'give a class another name (may be repeated, as the others)',
      adding((text) => {
        const [from, to] = pairOf(text, 'spam=junk');
        return { type: 'rename', from, to };
      }),
    )
    .option(
      '--merge <a,b=into>',
      'make one class of several',
      adding((text) => {
        const [from, into] = pairOf(text, 'good,great=positive');
        return { type: 'merge', from: listOf(from), into };
      }),
    )
    .option(
      '--drop <class>',
      'leave out the examples of a class',
      adding((text) => ({ type: 'drop', classes: [text.trim()] })),
    )
    .option(
      '--relabel <numbers=class>',
      'put examples into another class, by their numbers from 0',
      adding((text) => {
        const [numbers, to] = pairOf(text, '3,10-12=spam');
        return { type: 'relabel', examples: numbersOf(numbers, '3,10-12=spam'), to };
      }),
    )
    .option('--undo [number]', 'take back the last changes, before others are made', positiveNumber)
    .action(async (name: string, { undo = 0 }: { readonly undo?: number | true }, command: Command) => {
      const workspace = await existingWorkspaceOf(command);
      const json = globalsOf(command).json ?? false;
      const undone = undo === true ? 1 : undo;
      if (edits.length === 0 && undone === 0) {
        const found = await editsOf({ workspace }, { name });
        if (json) printJson(found);
        else if (found.edits.length === 0) say(`${name} is as it was imported`);
        else print(describeLog(found.edits));
        return;
      }
      const changed = await changeDataset({ workspace }, { name, edits: edits satisfies Edits, undo: undone });
      if (json) printJson(changed);
      else {
        const { length } = changed.edits;
        print(
          length === 0 ? `${name} is as it was imported` : describeLog(changed.edits.slice(-Math.max(1, edits.length))),
        );
        say(`${plural(length, 'change')} in all; runs that were trained before say so`);
      }
    });
}

function describeLog(entries: Awaited<ReturnType<typeof editsOf>>['edits']): string {
  return table(
    [{ title: 'changed' }, { title: '' }, { title: 'content' }],
    entries.map(({ at, edit, contentHash }) => [
      new Date(at).toLocaleString(),
      describeEdit(edit),
      contentHash.slice(0, 12),
    ]),
  );
}

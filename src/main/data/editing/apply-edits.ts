/** What a list of edits makes of the labels that were imported. Pure: the same log gives the same dataset. */
import { LabError } from '../../../shared/errors.ts';
import { quoted, quotedList } from '../../../shared/excerpt.ts';
import type { DatasetEdit } from '../../../shared/spec/dataset-edit.ts';
import { orderClasses } from '../import/class-order.ts';
import { cleanLabel } from '../import/labels.ts';

export interface LabelState {
  readonly classes: readonly string[];
  /** For each example, as it was imported, an index into `classes`; −1 where it was dropped. */
  readonly labels: Int32Array;
}

class Labels {
  readonly classes: string[];
  readonly labels: Int32Array;

  constructor({ classes, labels }: LabelState) {
    this.classes = [...classes];
    this.labels = labels.slice();
  }

  apply(edit: DatasetEdit): void {
    switch (edit.type) {
      case 'rename':
        this.rename(edit.from, cleanLabel(edit.to));
        break;
      case 'merge':
        this.replace(
          edit.from.map((name) => this.find(name)),
          this.findOrAdd(cleanLabel(edit.into)),
        );
        break;
      case 'drop':
        this.replace(
          edit.classes.map((name) => this.find(name)),
          -1,
        );
        break;
      case 'relabel':
        this.relabel(edit.examples, cleanLabel(edit.to));
        break;
    }
  }

  private rename(from: string, to: string): void {
    const place = this.find(from);
    if (to === from) return;
    if (this.isUsed(this.classes.indexOf(to))) {
      throw new LabError('bad-input', `There is a class ${quoted(to)} already: merge ${quoted(from)} into it`);
    }
    const old = this.classes.indexOf(to);
    if (old >= 0) this.classes[old] = ''; // a class without examples gives its name away
    this.classes[place] = to;
  }

  private relabel(examples: readonly number[], to: string): void {
    for (const example of examples) {
      if ((this.labels[example] ?? -1) < 0) {
        throw new LabError('bad-input', `There is no example ${example}`, { example });
      }
    }
    const label = this.findOrAdd(to);
    for (const example of examples) this.labels[example] = label;
  }

  private replace(from: readonly number[], to: number): void {
    const gone = new Set(from);
    this.labels.forEach((label, example) => {
      if (gone.has(label)) this.labels[example] = to;
    });
  }

  private isUsed(place: number): boolean {
    return place >= 0 && this.labels.includes(place);
  }

  private find(name: string): number {
    const place = this.classes.indexOf(name);
    if (this.isUsed(place)) return place;
    const present = this.classes.filter((_, index) => this.isUsed(index));
    throw new LabError('bad-input', `There is no class ${quoted(name)}; there is ${quotedList(present)}`, {
      class: name,
    });
  }

  private findOrAdd(name: string): number {
    if (name === '') throw new LabError('bad-input', 'A class name needs at least one visible character');
    const place = this.classes.indexOf(name);
    return place >= 0 ? place : this.classes.push(name) - 1;
  }
}

/**
 * @param imported labels and classes as they were imported
 * @returns the classes that have examples, in their order, and the labels as indices into them
 * @throws LabError `bad-input` for classes and examples that are not there, and where no two classes are left
 */
export function applyEdits(imported: LabelState, edits: readonly DatasetEdit[]): LabelState {
  const state = new Labels(imported);
  for (const edit of edits) state.apply(edit);
  const used = new Set(state.labels);
  const classes = orderClasses(state.classes.filter((_, index) => used.has(index)));
  if (classes.length < 2) {
    throw new LabError('bad-input', 'A dataset needs at least two classes with examples; this would leave fewer');
  }
  const places = new Int32Array(state.classes.map((name) => classes.indexOf(name)));
  return { classes, labels: state.labels.map((label) => (label < 0 ? -1 : places[label]!)) };
}

/** Labels that are no classes: the folders of published collections are often called after the sides of a split. */
import { LabError } from '../../../shared/errors.ts';

const sides = new Set(['train', 'training', 'val', 'valid', 'validation', 'dev', 'test', 'testing']);

/** Whether all labels are sides of a split. */
export function areSides(names: readonly string[]): boolean {
  return names.length > 1 && names.every((name) => sides.has(name.toLowerCase()));
}

/** Throws `LabError('bad-input')` where all labels are sides of a split: a classifier would learn which folder is which. */
export function requireClassNames(names: readonly string[]): void {
  if (!areSides(names)) return;
  const listed = names.map((name) => `“${name}”`).join(' and ');
  throw new LabError(
    'bad-input',
    `The labels would be ${listed}: these are sides of a split, not classes. Import the folder inside them that has a folder for each class, put the folders of one class together, or name a table and its column of labels.`,
    { classes: [...names] },
  );
}

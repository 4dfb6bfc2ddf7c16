// The order of classes, whatever the material: the number of a class must not depend on what the examples are.
import { expect, it } from 'vitest';
import { orderClasses } from '../../src/main/data/import/class-order.ts';

it.each([
  ['whole numbers by their value', ['10', '2', '-1', '2'], ['-1', '2', '10']],
  ['words by their letters', ['spam', 'ham', 'Ham'], ['Ham', 'ham', 'spam']],
  ['a mixture as words', ['10', '2', 'other'], ['10', '2', 'other']],
])('puts %s', (_, names, expected) => {
  expect(orderClasses(names)).toEqual(expected);
});

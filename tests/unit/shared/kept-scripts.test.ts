/** What people are told of a vocabulary's scripts: names, and a warning for letters alone. */
import { expect, it } from 'vitest';
import { lostScripts, scriptTitle } from '../../../src/shared/kept-scripts.ts';

it('warns where letters are lost, and not for punctuation', () => {
  const of = (script: string, kept: number) => ({ script, characters: 1000, kept });
  const scripts = [of('Latin', 1000), of('Thai', 979), of('Greek', 980), of('signs', 10)];
  expect(lostScripts(scripts).map(({ script }) => script)).toEqual(['Thai']);
  expect(scripts.map((one) => scriptTitle(one))).toEqual(['Latin', 'Thai', 'Greek', 'digits, punctuation and symbols']);
});

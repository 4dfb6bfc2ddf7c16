// How errors are told: what the system refuses is not a bug of ours.
import { expect, it, vi } from 'vitest';
import { printError } from '../../../src/main/hosts/cli/errors.ts';
import { LabError } from '../../../src/shared/errors.ts';

function printed(error: unknown): string {
  let text = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((part) => (text += String(part)) !== '');
  printError(error);
  return text;
}

const readOnly = Object.assign(new Error("EROFS: read-only file system, open '/mnt/x'"), {
  code: 'EROFS',
  path: '/mnt/x',
});

it.each([
  ['as it is thrown', readOnly],
  ['as the cause of another', new LabError('internal', 'the database', {}, readOnly)],
])('explains a disk that can only be read, %s', (_, error) => {
  expect(printed(error)).toMatch(/\/mnt\/x cannot be opened or written: .*read/);
  expect(printed(error)).not.toContain('bug in Pretext Lab');
});

it('calls a bug a bug', () => {
  expect(printed(new TypeError('undefined is not a function'))).toContain('bug in Pretext Lab');
});

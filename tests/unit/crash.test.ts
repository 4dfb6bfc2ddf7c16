// The short version of `npm run test:crash`.
import { expect, it } from 'vitest';
import { crashTest } from '../crash/crash-test.ts';

it('loses nothing when processes are killed between two calls to the file system', { timeout: 180_000 }, async () => {
  const { kills, lost } = await crashTest(6, 7, () => undefined);
  expect(kills).toBeGreaterThanOrEqual(6);
  expect(lost).toEqual([]);
});

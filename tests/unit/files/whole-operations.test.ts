// What people do to a workspace, on a file system that fails and on one whose power goes: a few calls of each operation. All of them:
// npm run test:crash -- --faults
import { afterAll, beforeAll, expect, it } from 'vitest';
import { faults, tryFaults } from '../../crash/faults.ts';
import type { Prepared } from '../../crash/operations.ts';
import { operationNames, prepareOperations } from '../../crash/operations.ts';
import { tryPowerCuts } from '../../crash/power-cuts.ts';

let prepared: Prepared;
beforeAll(async () => {
  prepared = await prepareOperations();
}, 60_000);
afterAll(() => prepared.tiny.remove());

it.each(operationNames)(
  'to %s is done or not done when a call fails or the process ends, and can be done again',
  { timeout: 600_000 },
  async (name) => {
    const { calls, tried, problems } = await tryFaults(prepared.tiny.workspace, prepared.operations[name], {
      mostOfEach: 1,
    });
    expect(problems).toEqual([]);
    expect(calls).toBeGreaterThan(20);
    expect(tried).toBeGreaterThanOrEqual(faults.length); // the operation came to at least one call of each kind
  },
);

it.each(operationNames)(
  'to %s is on the disk when it is acknowledged, and whatever is on the disk before is whole, if the power goes',
  { timeout: 600_000 },
  async (name) => {
    const { calls, tried, problems } = await tryPowerCuts(prepared.tiny.workspace, prepared.operations[name], {
      most: 1,
    });
    expect(problems).toEqual([]);
    expect(calls).toBeGreaterThan(5);
    expect(tried).toBeGreaterThanOrEqual(4); // at a change and at the end, names kept and names lost
  },
);

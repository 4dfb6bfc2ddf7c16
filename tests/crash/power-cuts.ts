// Whole operations on a computer whose power goes: before any call that changes something, and when all is done. What was not forced to
// the disk is lost then; what was acknowledged must have been.
import { join } from 'node:path';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import { interceptFiles } from '../intercepted-files.ts';
import type { Part } from './copies.ts';
import { copiesOf, partOf, spread } from './copies.ts';
import type { Disk, Loss } from './disk.ts';
import { followDisk, losses } from './disk.ts';
import type { FaultReport } from './faults.ts';
import type { Operation } from './look-after.ts';
import { lookAfter } from './look-after.ts';

const changes =
  /^(open|write|writeFile|appendFile|mkdir|copyFile|cp|link|symlink|rename|unlink|rm|rmdir|truncate|fsync)$/;

/** Disks that are kept at a time. */
const atOnce = 32;

interface Cut {
  readonly place: string;
  readonly loss: Loss;
  /** Before which call. */
  readonly at: string;
  readonly said: readonly string[];
  readonly isDone: boolean;
}

/** Cuts the power at every change that an operation makes, or at some of them, and always at its end. */
export async function tryPowerCuts(
  prepared: Workspace,
  operation: Operation,
  { most = Infinity, part = { index: 0, count: 1 } }: { readonly most?: number; readonly part?: Part } = {},
): Promise<FaultReport> {
  await using copies = await copiesOf(prepared);
  const problems: string[] = [];

  /** Performs the operation, and calls `onChange` ahead of each of its changes and at the end. */
  const perform = async (
    onChange: (number: number, at: string, disk: Disk, said: readonly string[]) => void,
  ): Promise<{ readonly expected: unknown; readonly changes: number }> => {
    const workspace = await copies.fresh();
    const parent = join(workspace.folder, '..');
    const disk = followDisk(parent);
    const said: string[] = [];
    let number = 0;
    const restore = await interceptFiles(parent, (call) => {
      if (disk.isLooking) return undefined;
      if (changes.test(call.name)) {
        onChange(number, `${call.name} ${call.path.slice(workspace.folder.length + 1)}`, disk, [...said]);
        number += 1;
      }
      return disk.listener(call);
    });
    await operation.perform(workspace, (what) => said.push(what)).finally(restore);
    onChange(number, 'the end', disk, said);
    const expected = await operation.outcome(workspace, said, (problem) => problems.push(`undisturbed: ${problem}`));
    await copies.drop(workspace);
    return { expected, changes: number };
  };

  const whole = await perform(() => undefined);
  const numbers = partOf([...spread([...Array(whole.changes).keys()], most), whole.changes], part);
  let tried = 0;
  for (let start = 0; start < numbers.length; start += atOnce) {
    const due = new Set(numbers.slice(start, start + atOnce));
    const cuts: Cut[] = [];
    const { expected } = await perform((number, at, disk, said) => {
      // The calls need not come in the same order or number, where some are made side by side.
      const isDone = at === 'the end';
      if (isDone ? !due.has(whole.changes) : number === whole.changes || !due.has(number)) return;
      for (const loss of losses) {
        const place = copies.place();
        disk.leave(join(place, '..'), loss);
        cuts.push({ place, loss, at, said, isDone });
      }
    });
    for (const { place, loss, at, said, isDone } of cuts) {
      tried += 1;
      const tell = (problem: string): void =>
        void problems.push(`the power went before ${at}, and ${loss}: ${problem}`);
      const workspace = await openWorkspace(place);
      await lookAfter(workspace, operation, { said, expected, succeeded: isDone }, tell);
      await copies.drop(workspace);
    }
  }
  return { calls: whole.changes, tried, problems };
}

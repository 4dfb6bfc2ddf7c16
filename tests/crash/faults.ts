// Whole operations on a file system that fails: each call in turn, once or for ever. Afterwards nothing that was acknowledged may be
// lost, nothing half-made may be shown, and the same thing done again must come to the same end.
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, isLabError, messageOf } from '../../src/shared/errors.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import type { FileCall } from '../intercepted-files.ts';
import { HalfWritten, interceptFiles, systemError } from '../intercepted-files.ts';
import type { Part } from './copies.ts';
import { copiesOf, partOf, spread } from './copies.ts';
import type { Operation } from './look-after.ts';
import { lookAfter } from './look-after.ts';

export const faults = ['EIO once', 'ENOSPC once', 'EMFILE once', 'EIO for ever', 'killed'] as const;
export type Fault = (typeof faults)[number];

export interface FaultReport {
  /** Calls to the file system of one undisturbed operation. */
  readonly calls: number;
  readonly tried: number;
  /** Empty, if all is as promised. */
  readonly problems: readonly string[];
}

/** Of reads it may be said that they fail with any error; a call that only looks is not refused for lack of room. */
const needsRoom = /^(open|write|writeFile|appendFile|mkdir|copyFile|cp|link|symlink|rename|fsync)$/;
const needsDescriptor = /^(open|readdir|writeFile|appendFile|readFile|copyFile|cp)$/;

/** Whether a call can meet a fault. */
function canMeet(fault: Fault, { name }: FileCall): boolean {
  if (fault === 'ENOSPC once') return needsRoom.test(name);
  return fault !== 'EMFILE once' || needsDescriptor.test(name);
}

/** What a call meets that is due; with some faults, so does every later one. */
function errorOf(fault: Fault, call: FileCall, isFirst: boolean): Error | undefined {
  switch (fault) {
    case 'killed':
      return isFirst ? new HalfWritten('killed') : systemError('EIO', call);
    case 'EIO for ever':
      return systemError('EIO', call);
    case 'EIO once':
    case 'ENOSPC once':
    case 'EMFILE once':
      return isFirst ? systemError(fault.slice(0, fault.indexOf(' ')), call) : undefined;
  }
}

/** An error that a person can understand, or the system's own. */
function isExplained(error: unknown): boolean {
  return isLabError(error) ? error.code !== 'internal' : errorCode(error) !== undefined;
}

/** Tries an operation with each fault at every call that can meet it, or at some of them. */
export async function tryFaults(
  prepared: Workspace,
  operation: Operation,
  { mostOfEach = Infinity, part = { index: 0, count: 1 } }: { readonly mostOfEach?: number; readonly part?: Part } = {},
): Promise<FaultReport> {
  await using copies = await copiesOf(prepared);
  const problems: string[] = [];
  const whole = await copies.fresh();
  const calls: FileCall[] = [];
  const restore = await interceptFiles(join(whole.folder, '..'), (call) => {
    calls.push(call);
  });
  const saidAtFirst: string[] = [];
  await operation.perform(whole, (what) => saidAtFirst.push(what)).finally(restore);
  const note = (problem: string): void => void problems.push(`undisturbed: ${problem}`);
  const expected = await operation.outcome(whole, saidAtFirst, note);
  await copies.drop(whole);
  let tried = 0;
  for (const [place, fault] of faults.entries()) {
    const possible = [...calls.keys()].filter((number) => canMeet(fault, calls[number]!)); // its keys
    for (const due of partOf(spread(possible, mostOfEach, place / faults.length), part)) {
      const workspace = await copies.fresh();
      let number = -1;
      let met = '';
      const end = await interceptFiles(join(workspace.folder, '..'), (call) => {
        number += 1;
        // Of two operations the calls need not come in the same order, where some are made side by side.
        if (number < due || (met === '' && !canMeet(fault, call))) return;
        const error = errorOf(fault, call, met === '');
        if (!error) return;
        met ||= `${call.name} ${call.path.slice(workspace.folder.length + 1)}`;
        throw error;
      });
      const said: string[] = [];
      const failure = await operation
        .perform(workspace, (what) => said.push(what))
        .then(
          () => undefined,
          (error: unknown) => ({ error }),
        )
        .finally(end);
      if (met !== '') {
        tried += 1;
        const tell = (problem: string): void => void problems.push(`${fault}, call ${due} (${met}): ${problem}`);
        if (failure && fault !== 'killed' && !isExplained(failure.error)) {
          tell(`failed with ${failure.error instanceof Error ? failure.error.stack : messageOf(failure.error)}`);
        }
        for (const file of await leftOpen(workspace.folder)) tell(`${file} is still open`);
        await lookAfter(workspace, operation, { said, expected, succeeded: failure === undefined }, tell);
      }
      await copies.drop(workspace);
    }
  }
  return { calls: calls.length, tried, problems };
}

/** Files of this process that stay open, where the system tells (proc(5)): a lab that fails again and again would run out of them. */
async function leftOpen(folder: string): Promise<string[]> {
  const look = async (): Promise<string[]> => {
    const descriptors = await readdir('/proc/self/fd').catch(() => []);
    const files = await Promise.all(descriptors.map((one) => readlink(join('/proc/self/fd', one)).catch(() => '')));
    return files.filter((file) => file.startsWith(join(folder, '..')) && !file.includes('lab.sqlite')); // which is SQLite's
  };
  // Streams close theirs a moment after they have failed.
  let open = await look();
  for (let turn = 0; open.length > 0 && turn < 200; turn += 1) open = await look();
  return open;
}

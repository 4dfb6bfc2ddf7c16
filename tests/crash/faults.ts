// Whole operations on a file system that fails: each call in turn, once or for ever. Afterwards nothing that was acknowledged may be
// lost, nothing half-made may be shown, and the same thing done again must come to the same end.
import { cp, mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode, isLabError, messageOf } from '../../src/shared/errors.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import type { FileCall } from '../intercepted-files.ts';
import { HalfWritten, interceptFiles, systemError } from '../intercepted-files.ts';
import { wrongWith } from './wrong-with.ts';

export interface Operation {
  /** Says what it acknowledges. */
  readonly perform: (workspace: Workspace, say: (what: string) => void) => Promise<unknown>;
  /** What is there of it, so that it can be compared; what was acknowledged and is not there is told. */
  readonly outcome: (
    workspace: Workspace,
    said: readonly string[],
    tell: (problem: string) => void,
  ) => Promise<unknown>;
}

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

/** Some of them, evenly spread; all where there are no more. */
function spread(numbers: readonly number[], most: number, shift: number): readonly number[] {
  if (numbers.length <= most) return numbers;
  const apart = numbers.length / most;
  return Array.from({ length: most }, (_, index) => numbers[Math.floor((index + shift) * apart)] ?? 0);
}

/** Tries an operation with each fault at every call that can meet it, or at some of them. */
export async function tryFaults(
  prepared: Workspace,
  operation: Operation,
  { mostOfEach = Infinity }: { readonly mostOfEach?: number } = {},
): Promise<FaultReport> {
  const scratch = await mkdtemp(join(tmpdir(), 'pretext-faults-'));
  const problems: string[] = [];
  let copies = 0;
  const fresh = async (): Promise<Workspace> => {
    const folder = join(scratch, String((copies += 1)), 'workspace');
    await cp(prepared.folder, folder, { recursive: true });
    return openWorkspace(folder);
  };
  const drop = ({ folder }: Workspace): Promise<void> => rm(join(folder, '..'), { recursive: true, force: true });
  try {
    const whole = await fresh();
    const calls: FileCall[] = [];
    const restore = await interceptFiles(join(whole.folder, '..'), (call) => {
      calls.push(call);
    });
    const saidAtFirst: string[] = [];
    await operation.perform(whole, (what) => saidAtFirst.push(what)).finally(restore);
    const note = (problem: string): void => void problems.push(`undisturbed: ${problem}`);
    const expected = await operation.outcome(whole, saidAtFirst, note);
    await drop(whole);
    let tried = 0;
    for (const [place, fault] of faults.entries()) {
      const possible = [...calls.keys()].filter((number) => canMeet(fault, calls[number]!)); // its keys
      for (const due of spread(possible, mostOfEach, place / faults.length)) {
        const workspace = await fresh();
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
          await lookAfter(workspace, operation, said, expected, failure === undefined, tell);
        }
        await drop(workspace);
      }
    }
    return { calls: calls.length, tried, problems };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
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

async function lookAfter(
  workspace: Workspace,
  operation: Operation,
  said: readonly string[],
  expected: unknown,
  succeeded: boolean,
  tell: (problem: string) => void,
): Promise<void> {
  try {
    for await (const wrong of wrongWith(workspace)) tell(wrong);
    const found = await operation.outcome(workspace, said, tell);
    if (succeeded && JSON.stringify(found) !== JSON.stringify(expected)) {
      tell(`it was said to be done, and there is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
    }
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    const saidAgain: string[] = [];
    await operation.perform(workspace, (what) => saidAgain.push(what));
    for await (const wrong of wrongWith(workspace)) tell(`done again, ${wrong}`);
    const again = await operation.outcome(workspace, saidAgain, tell);
    if (JSON.stringify(again) !== JSON.stringify(expected)) {
      tell(`done again, there is ${JSON.stringify(again)}, not ${JSON.stringify(expected)}`);
    }
  } catch (error) {
    tell(`afterwards: ${error instanceof Error ? error.stack : messageOf(error)}`);
  }
}

/**
 * One side of a bench: a process of its own, so that its memory and its threads are its own, which answers one JSON
 * object a line. It waits while the other side runs.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { LabError } from '../../src/shared/errors.ts';

export type Request =
  /** Takes one step from the given weights and writes `loss`, `gradients/…` and `updated/…` to the file. */
  | { readonly command: 'check'; readonly path: string }
  /** Takes steps; answers `milliseconds`, an array. */
  | { readonly command: 'steps'; readonly count: number }
  /** Answers `residentMegabytes`, the most so far. */
  | { readonly command: 'memory' }
  /** Trains with the settings, and answers what came of it. */
  | { readonly command: 'train'; readonly [setting: string]: unknown };

export type Reply = Readonly<Record<string, unknown>>;

export interface Contestant {
  readonly label: string;
  /** What it said of itself when it was ready. */
  readonly greeting: Reply;
  /** Throws `LabError('engine-failed')` with the end of its error output when the process dies. */
  ask(request: Request): Promise<Reply>;
  /** Ends the process and waits for it. */
  close(): Promise<void>;
}

export async function startContestant(
  label: string,
  command: string,
  commandArguments: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Contestant> {
  const child = spawn(command, commandArguments, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const nextLine = readLines(label, child);
  child.stdin.on('error', () => undefined); // a process that has died says so by its exit
  const greeting = await nextLine();
  return {
    label,
    greeting,
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return nextLine();
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

/** A function that waits for the next line, or for the end of the process. */
function readLines(label: string, child: ChildProcess): () => Promise<Reply> {
  let complaints = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints = `${complaints}${chunk.toString()}`.slice(-4000);
  });
  const { promise: ended, reject } = Promise.withResolvers<never>();
  ended.catch(() => undefined); // an end that nobody waits for is no error
  child.on('error', (error) => reject(new LabError('engine-failed', `${label} cannot be started: ${error.message}`)));
  child.on('close', (code, signal) =>
    reject(new LabError('engine-failed', `${label} ended (${signal ?? `exit code ${String(code)}`}):\n${complaints}`)),
  );
  if (!child.stdout) throw new LabError('internal', 'a contestant without an output');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await Promise.race([lines.next(), ended]);
    if (done) return ended;
    return parseReply(label, value);
  };
}

function parseReply(label: string, line: string): Reply {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null) throw new LabError('internal', `${label} answered ${line}`);
  return { ...value };
}

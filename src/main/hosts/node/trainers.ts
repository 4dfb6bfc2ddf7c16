/**
 * Trainers as child processes of Node. One whose run was short waits a moment for another one: starting a process, checking the engine
 * and compiling take seconds, and most runs of a study need the same.
 */
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { TrainerProcess } from '../../lab/process-host.ts';
import { trainerPriority } from '../../lab/process-host.ts';
import { runFolder } from '../../workspace/run-folder.ts';
import { keptOutput, lowerPriority, start, trainerOptions } from './start-process.ts';

const trainerEntry = new URL('../trainer/index.ts', import.meta.url);

/** The queue starts the next run at once, if there is one. */
const restMilliseconds = 5000;
/** Windows lets nobody delete a file that is open, and the errors of all its runs go into that of the first. */
const canShare = process.platform !== 'win32';

interface Trainer {
  readonly child: ChildProcess;
  readonly workspace: string;
  readonly threads: number | undefined;
  /** Where its errors go: into the folder of the first run that it was started for. */
  readonly log: string;
}

/** Those that wait for another run, with how to wake them. */
const resting = new Map<Trainer, () => void>();

const endedMessage = z.object({ type: z.literal('ended'), code: z.int() });

/**
 * Takes a trainer that rests, or starts one.
 *
 * @param threads of the machine for it, where several are at work
 */
export function startTrainer(workspaceFolder: string, run: string, threads?: number): TrainerProcess {
  const output = runFolder(join(workspaceFolder, 'runs', run)).output;
  for (const [trainer, wake] of resting) {
    if (trainer.workspace !== workspaceFolder || trainer.threads !== threads) continue;
    wake();
    trainer.child.send({ type: 'train', run }, () => undefined); // gone in this moment: its exit is heard of
    return accompany(trainer, output);
  }
  const errors = openSync(output, 'w');
  try {
    const share = threads === undefined ? [] : ['--threads', String(threads)];
    // Its own group and a file for its errors: it goes on when the lab, or the terminal, is gone.
    const child = start(
      trainerEntry,
      [workspaceFolder, run, ...share, ...(canShare ? ['--shared'] : [])],
      errors,
      true,
      trainerOptions,
    );
    lowerPriority(child, trainerPriority);
    return accompany({ child, workspace: workspaceFolder, threads, log: output }, output);
  } finally {
    closeSync(errors);
  }
}

/** One run of a trainer, from its start to its end. */
function accompany(trainer: Trainer, output: string): TrainerProcess {
  const { child, log } = trainer;
  const begin = sizeOf(log);
  const messages: ((message: unknown) => void)[] = [];
  const exits: Parameters<TrainerProcess['onExit']>[0][] = [];
  let ended = false;
  const end = (code: number | null, signal: string | null): void => {
    if (ended) return;
    ended = true;
    child.off('message', hear).off('close', end).off('error', fail);
    const said = wordsFrom(log, begin);
    if (log !== output) keepOutput(output, said);
    for (const listener of exits) listener({ code, signal, output: said });
  };
  const fail = (): void => {
    end(1, null); // it could not be started; 'close' may not come
  };
  const hear = (message: unknown): void => {
    const parsed = endedMessage.safeParse(message);
    if (!parsed.success) {
      for (const listener of messages) listener(message);
      return;
    }
    rest(trainer); // before its end is told: the next run is started then
    end(parsed.data.code, null);
  };
  child.on('message', hear).on('close', end).on('error', fail);
  return {
    pid: child.pid,
    stop: () => {
      if (!ended && child.connected) child.send({ type: 'stop' }, () => undefined); // gone in this moment: it is heard of
    },
    kill: () => {
      if (!ended) child.kill('SIGKILL');
    },
    onMessage: (listener) => messages.push(listener),
    onExit: (listener) => exits.push(listener),
  };
}

/** Waits for another run, without keeping this process alive, and then ends. */
function rest(trainer: Trainer): void {
  const { child } = trainer;
  const sleep = (): void => {
    wake();
    if (child.connected) child.disconnect();
  };
  const timer = setTimeout(sleep, restMilliseconds);
  const gone = (): void => {
    wake();
  };
  const wake = (): void => {
    clearTimeout(timer);
    child.off('close', gone).off('error', gone);
    resting.delete(trainer);
    child.ref();
    child.channel?.ref();
  };
  timer.unref();
  child.unref();
  child.channel?.unref();
  child.on('close', gone).on('error', gone);
  resting.set(trainer, wake);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function wordsFrom(file: string, begin: number): string {
  try {
    return readFileSync(file).subarray(begin).toString('utf8').slice(-keptOutput);
  } catch {
    return ''; // the folder of the run is gone
  }
}

function keepOutput(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch {
    // the folder of the run is gone, or there is no room: it is told all the same
  }
}

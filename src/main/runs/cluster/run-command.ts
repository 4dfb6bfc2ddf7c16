/** Runs a scheduler's command, such as sbatch, and reads what it says. */
import { spawn } from 'node:child_process';
import { errorCode, LabError } from '../../../shared/errors.ts';

export interface CommandAnswer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export type RunCommand = (command: readonly string[]) => Promise<CommandAnswer>;

const patienceMilliseconds = 60_000;
const longestOutput = 20_000_000;

/** Throws `LabError('not-found')` where there is no such program; any exit code is an answer. */
export const runCommand: RunCommand = ([program = '', ...words]) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: patienceMilliseconds });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    let length = 0;
    const collect = (parts: Buffer[]) => (part: Buffer) => {
      length += part.length;
      if (length > longestOutput) child.kill();
      else parts.push(part);
    };
    child.stdout.on('data', collect(out));
    child.stderr.on('data', collect(err));
    child.on('error', (error) => {
      const message =
        errorCode(error) === 'ENOENT'
          ? `There is no program '${program}' on this computer. Is its scheduler installed here, and on the path?`
          : `${program} cannot be started: ${error.message}`;
      reject(new LabError('not-found', message, { program }, error));
    });
    child.on('close', (code, signal) => {
      const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString('utf8');
      const late = signal === null ? '' : `\nended by ${signal}: it had ${patienceMilliseconds / 1000} s to answer`;
      resolve({ code, out: text(out), err: text(err) + late });
    });
  });

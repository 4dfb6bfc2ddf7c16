/**
 * Finds the Pythons that have PyTorch: those that PRETEXT_PYTHON names, then `python3` and `python` of the PATH, then
 * Debian's. Every different installation of PyTorch counts once.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { LabError } from '../../src/shared/errors.ts';

export interface TorchPython {
  readonly command: string;
  readonly torchVersion: string;
}

const run = promisify(execFile);
const question = 'import torch; print(torch.__version__); print(torch.__file__)';

/** Commands to try, in the order in which they are preferred. PRETEXT_PYTHON holds one or several, as PATH does. */
export function candidatePythons(named = process.env.PRETEXT_PYTHON ?? ''): readonly string[] {
  return [...named.split(path.delimiter).filter((command) => command !== ''), 'python3', 'python', '/usr/bin/python3'];
}

/**
 * Those of the candidates that have PyTorch, of a version that begins as given. Throws `LabError('not-found')` saying how
 * to get one when there is none.
 */
export async function findTorchPythons(candidates: readonly string[], version = ''): Promise<readonly TorchPython[]> {
  const asked = await Promise.all(candidates.map(askForTorch));
  const installations = new Map<string, TorchPython>();
  for (const answer of asked) {
    if (answer && !installations.has(answer.place)) installations.set(answer.place, answer.python);
  }
  const found = [...installations.values()];
  const wanted = found.filter(({ torchVersion }) => torchVersion.startsWith(version));
  if (wanted.length > 0) return wanted;
  const there = found.length === 0 ? 'No Python with PyTorch was found' : `There is only PyTorch ${versionsOf(found)}`;
  throw new LabError(
    'not-found',
    `${there}. Install one with 'apt-get install python3-torch libopenblas0-pthread' (Debian) or 'pip install torch', ` +
      'or set PRETEXT_PYTHON to the Python that has it',
  );
}

async function askForTorch(command: string): Promise<{ place: string; python: TorchPython } | undefined> {
  try {
    const { stdout } = await run(command, ['-c', question], { timeout: 120_000 });
    const [torchVersion, place] = stdout.trim().split('\n');
    return torchVersion && place ? { place, python: { command, torchVersion } } : undefined;
  } catch {
    return undefined; // not there, or without PyTorch
  }
}

function versionsOf(pythons: readonly TorchPython[]): string {
  return pythons.map(({ torchVersion }) => torchVersion).join(', ');
}

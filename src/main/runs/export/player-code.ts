/** The program of demo pages: built with the lab, or, where the sources run as they are, when it is first needed. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { LabError, messageOf } from '../../../shared/errors.ts';
import { packageFolder } from '../../files/version.ts';

const playerCode = z.object({ script: z.string(), style: z.string(), binary: z.string() });
export type PlayerCode = z.infer<typeof playerCode>;

/** More than a player ever has. */
const longestOutput = 64 * 2 ** 20;

let building: Promise<PlayerCode> | undefined;

/** Throws `LabError('not-found')` where it was neither built nor can be. */
export async function loadPlayerCode(signal?: AbortSignal): Promise<PlayerCode> {
  const root = packageFolder();
  const script = join(root, 'scripts', 'player.ts');
  // Sources and what was built of them may lie side by side, of different ages.
  const runsFromSources = import.meta.url.endsWith('.ts');
  if (runsFromSources && existsSync(script)) {
    building ??= buildPlayer(script, signal);
    building.catch(() => (building = undefined)); // the next one tries again
    return building;
  }
  const folder = join(root, 'out', 'main', 'player');
  try {
    const [code, style, binary] = await Promise.all([
      readFile(join(folder, 'player.js'), 'utf8'),
      readFile(join(folder, 'player.css'), 'utf8'),
      readFile(join(folder, 'player.wasm'), 'base64'),
    ]);
    return playerCode.parse({ script: code, style, binary });
  } catch (error) {
    throw new LabError(
      'not-found',
      `The program of demo pages is missing from this installation: ${messageOf(error)}`,
      { folder },
      error,
    );
  }
}

/** In a process of its own: the tools that build belong to the checkout, not to the lab. */
async function buildPlayer(script: string, signal: AbortSignal | undefined): Promise<PlayerCode> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
      maxBuffer: longestOutput,
      ...(signal && { signal }),
    });
    return playerCode.parse(JSON.parse(stdout));
  } catch (error) {
    throw new LabError(
      'not-found',
      `The program of demo pages could not be built; it needs what 'npm ci' installs: ${messageOf(error)}`,
      { script },
      error,
    );
  }
}

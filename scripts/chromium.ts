/**
 * Chromium for tests in a browser, measurements and screenshots: found where it usually is, or installed by apt where that is
 * possible. Nothing is downloaded from anywhere else.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What keeps a browser to itself: no calls home, no GPU, no sandbox of its own inside a container's. */
export const chromiumArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
] as const;

const programs = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const usualPlaces = [
  '/usr/bin',
  '/usr/local/bin',
  '/snap/bin',
  '/Applications/Chromium.app/Contents/MacOS',
  '/Applications/Google Chrome.app/Contents/MacOS',
];
const applications = ['Chromium', 'Google Chrome'];

/** The file of PRETEXT_CHROMIUM, else the first one of the search path and the usual places. */
export function findChromium(
  environment: NodeJS.ProcessEnv = process.env,
  places: readonly string[] = usualPlaces,
): string | undefined {
  const named = environment.PRETEXT_CHROMIUM;
  if (named !== undefined) return isProgram(named) ? named : undefined;
  const folders = [...(environment.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...places];
  return folders
    .flatMap((folder) => [...programs, ...applications].map((name) => join(folder, name)))
    .find((file) => isProgram(file));
}

export interface ChromiumOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** Where it usually is besides the search path. */
  readonly places?: readonly string[];
  /** Whether programs may be installed; by default for root, in whose name nothing has to be asked. */
  readonly mayInstall?: boolean;
}

/** Finds Chromium, or installs it on Debian and its relatives. Throws an error that says what to do. */
export function requireChromium({
  environment = process.env,
  places = usualPlaces,
  mayInstall = process.getuid?.() === 0,
}: ChromiumOptions = {}): string {
  const found = findChromium(environment, places);
  if (found !== undefined) return found;
  const named = environment.PRETEXT_CHROMIUM;
  if (named !== undefined) throw new Error(`PRETEXT_CHROMIUM names ${named}, which is no program that can be run`);
  const apt = programOf('apt-get', environment);
  if (mayInstall && apt !== undefined) {
    try {
      process.stderr.write('Installing Chromium for the tests in a browser …\n');
      const run = (...args: readonly string[]): void => {
        execFileSync(apt, args, {
          stdio: ['ignore', 'ignore', 'inherit'],
          env: { ...environment, DEBIAN_FRONTEND: 'noninteractive' },
        });
      };
      run('update');
      run('install', '-y', '--no-install-recommends', 'chromium');
    } catch (error) {
      throw new Error(whatToDo('apt-get could not install it'), { cause: error });
    }
  }
  const installed = findChromium(environment, places);
  if (installed === undefined) throw new Error(whatToDo('there is none on this machine'));
  return installed;
}

function programOf(name: string, { PATH = '' }: NodeJS.ProcessEnv): string | undefined {
  return PATH.split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((file) => isProgram(file));
}

function whatToDo(why: string): string {
  return `The tests in a browser need Chromium, and ${why}. Install it (Debian: apt-get install chromium), or name its program in PRETEXT_CHROMIUM`;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

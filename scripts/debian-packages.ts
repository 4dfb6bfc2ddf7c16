/** Programs of Debian that tests start; where they are missing, they are installed if that is possible (by root, with apt). */
import { spawnSync } from 'node:child_process';

/** Debian has daemons where the path of a user does not lead. */
export const withDaemons = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };

export function isInstalled(program: string): boolean {
  return spawnSync('which', [program], { env: withDaemons, stdio: 'ignore' }).status === 0;
}

/** Why some of the programs are not there and cannot be had; undefined where all are, or are by now. `title` is what they are together. */
export function whyMissing(
  title: string,
  programs: readonly string[],
  packages: readonly string[],
): string | undefined {
  if (programs.every(isInstalled)) return undefined;
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    return `${title} is not installed, and there is no apt-get to install it, or this is not root`;
  }
  process.stderr.write(`Installing ${title} for its tests …\n`);
  const apt = (...words: readonly string[]): boolean =>
    spawnSync('apt-get', words, {
      env: { ...withDaemons, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: 'ignore',
      timeout: 300_000,
    }).status === 0;
  const install = (): boolean => apt('install', '-y', '--no-install-recommends', ...packages);
  if ((install() || (apt('update') && install())) && programs.every(isInstalled)) return undefined;
  return `${title} is not installed, and apt-get could not install ${packages.join(', ')}`;
}

/**
 * A graphics card in software, for tests on machines without one: SwiftShader, a driver for Vulkan that comes with Chromium. Programs
 * find it by variables of their environment, which have to be set before they start.
 */
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { findChromium } from './chromium.ts';

const driverFile = 'vk_swiftshader_icd.json';
const vulkanLibrary = 'libvulkan.so.1';
/** Where packages put the files of a browser whose program is a script. */
const usualFolders = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];

export type SoftwareGraphics =
  { readonly environment: Readonly<Record<string, string>> } | { readonly missing: string };

/** What a program needs to see the software's graphics card, or why there is none. */
export function findSoftwareGraphics(
  environment: NodeJS.ProcessEnv = process.env,
  folders: readonly string[] = usualFolders,
): SoftwareGraphics {
  if (process.platform !== 'linux') return { missing: 'SwiftShader is looked for on Linux alone' };
  const program = findChromium(environment);
  const candidates = [...(program === undefined ? [] : [dirname(realpathSync(program))]), ...folders];
  const folder = candidates.find((candidate) => existsSync(join(candidate, driverFile)));
  if (folder === undefined) {
    return { missing: `no Chromium with ${driverFile} was found (Debian: apt-get install chromium)` };
  }
  const driver = join(folder, driverFile);
  const libraries = existsSync(join(folder, vulkanLibrary)) ? [folder] : [];
  return {
    environment: {
      VK_DRIVER_FILES: driver,
      VK_ICD_FILENAMES: driver, // older loaders
      LD_LIBRARY_PATH: [...libraries, ...(environment.LD_LIBRARY_PATH ?? '').split(delimiter)]
        .filter(Boolean)
        .join(delimiter),
    },
  };
}

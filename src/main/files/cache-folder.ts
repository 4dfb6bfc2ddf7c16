/** Where applications keep what they can make again on this platform. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export function cacheFolder(): string {
  const { LOCALAPPDATA, XDG_CACHE_HOME } = process.env;
  switch (process.platform) {
    case 'win32':
      return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'Pretext Lab', 'Cache');
    case 'darwin':
      return join(homedir(), 'Library', 'Caches', 'Pretext Lab');
    default:
      return join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'pretext-lab');
  }
}

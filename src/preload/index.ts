/**
 * Runs in the window before the page, in a sandbox and a world of its own. It hands the page named functions and nothing
 * else: no `ipcRenderer`, no channel names, no Node.
 */
import { contextBridge } from 'electron';
import type { DesktopBridge } from '../shared/contract/desktop-bridge.ts';
import { desktopBridgeName } from '../shared/contract/desktop-bridge.ts';

const bridge: DesktopBridge = {
  versions() {
    return { electron: process.versions.electron, chrome: process.versions.chrome };
  },
};

contextBridge.exposeInMainWorld(desktopBridgeName, bridge);

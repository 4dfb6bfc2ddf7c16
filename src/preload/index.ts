/**
 * Runs in the window before the page, in a sandbox and a world of its own. It hands the page named functions and nothing
 * else: no `ipcRenderer`, no channel names, no Node.
 */
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { ChooseOptions, DesktopBridge } from '../shared/contract/desktop-bridge.ts';
import { connectionMessage, desktopBridgeName } from '../shared/contract/desktop-bridge.ts';
import { desktopChannels } from '../shared/contract/desktop-channels.ts';

/** The page's window: a preload script has one, which the compiler's settings for Node do not know. */
const page = globalThis as unknown as {
  readonly location: { readonly origin: string };
  postMessage(message: unknown, origin: string, ports: readonly unknown[]): void;
};

// A port cannot cross the bridge, but it can be handed to the page as a message of its own window.
ipcRenderer.on(desktopChannels.port, ({ ports }) => {
  page.postMessage(connectionMessage, page.location.origin, ports);
});

/** As the main process said it, and not as the channel wraps it. */
async function ask(channel: string, input: unknown): Promise<unknown> {
  try {
    return await ipcRenderer.invoke(channel, input);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(message.replace(/^Error invoking remote method '[^']*': (?:\w*Error: )?/, ''), { cause: error });
  }
}

const bridge: DesktopBridge = {
  versions: () => ({ electron: process.versions.electron, chrome: process.versions.chrome }),
  // The main process answers with what these types say; it is ours.
  choose: (options: ChooseOptions) => ask(desktopChannels.choose, options) as Promise<readonly string[]>,
  chooseDestination: (name) => ask(desktopChannels.chooseDestination, name) as Promise<string | undefined>, // as above
  pathOf: (file) => webUtils.getPathForFile(file as File), // throws for anything else
  openWorkspace: (folder) => ask(desktopChannels.openWorkspace, folder) as Promise<undefined>, // as above
  reveal: (path) => ask(desktopChannels.reveal, path) as Promise<undefined>, // as above
  notifies: () => ask(desktopChannels.notifies, undefined) as Promise<boolean>, // as above
  setNotifies: (wanted) => ask(desktopChannels.setNotifies, wanted) as Promise<undefined>, // as above
  connect() {
    ipcRenderer.send(desktopChannels.connect);
  },
};

contextBridge.exposeInMainWorld(desktopBridgeName, bridge);

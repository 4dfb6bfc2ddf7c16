/** The main process's end of the preload script: dialogs, the connection to the lab, the file manager. Only our own page is answered. */
import { resolve, sep } from 'node:path';
import type { BrowserWindow, IpcMainEvent, IpcMainInvokeEvent } from 'electron';
import { MessageChannelMain, dialog, ipcMain, shell } from 'electron';
import { z } from 'zod';
import { desktopChannels } from '../../../shared/contract/desktop-channels.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Dispatcher } from '../../rpc/dispatcher.ts';
import { electronMessage, messagePortTransport } from '../../rpc/transports/message-port.ts';
import { isOwnAddress } from './lock-down.ts';
import type { NoticeChoice } from './notice-choice.ts';

const chooseOptions = z.strictObject({
  folders: z.boolean().optional(),
  files: z.boolean().optional(),
  several: z.boolean().optional(),
  title: z.string().max(200).optional(),
  filters: z.array(z.strictObject({ name: z.string(), extensions: z.array(z.string()) })).optional(),
});

export interface BridgeOptions {
  readonly labAddress: string;
  readonly notices: NoticeChoice;
  readonly window: () => BrowserWindow | undefined;
  readonly lab: () => Lab;
  readonly dispatcher: () => Dispatcher;
  readonly openWorkspace: (folder: string) => Promise<void>;
}

/** For the one window that there is; handlers stay until the process ends. */
export function registerBridge({ labAddress, notices, window, lab, dispatcher, openWorkspace }: BridgeOptions): void {
  const isOurs = ({ senderFrame }: IpcMainEvent | IpcMainInvokeEvent): boolean =>
    senderFrame?.parent === null && isOwnAddress(senderFrame.url, labAddress);
  const handle = (channel: string, answer: (input: unknown) => Promise<unknown>): void => {
    ipcMain.handle(channel, (event, input: unknown) => {
      if (!isOurs(event)) throw new Error('This page may not ask for that');
      return answer(input);
    });
  };

  handle(desktopChannels.choose, async (input) => {
    const { folders = false, files = !folders, several = false, title, filters } = chooseOptions.parse(input);
    const properties = [
      ...(files ? (['openFile'] as const) : []),
      ...(folders ? (['openDirectory'] as const) : []),
      ...(several ? (['multiSelections'] as const) : []),
    ];
    const options = { properties, ...(title !== undefined && { title }), ...(filters && { filters }) };
    const parent = window();
    const { canceled, filePaths } = parent
      ? await dialog.showOpenDialog(parent, options)
      : await dialog.showOpenDialog(options);
    return canceled ? [] : filePaths;
  });
  handle(desktopChannels.chooseDestination, async (input) => {
    const options = { defaultPath: z.string().max(255).parse(input) };
    const parent = window();
    const { canceled, filePath } = parent
      ? await dialog.showSaveDialog(parent, options)
      : await dialog.showSaveDialog(options);
    return canceled ? undefined : filePath;
  });
  handle(desktopChannels.openWorkspace, (input) => openWorkspace(z.string().min(1).parse(input)));
  handle(desktopChannels.notifies, () => Promise.resolve(notices.wanted));
  handle(desktopChannels.setNotifies, (input) => notices.choose(z.boolean().parse(input)));
  handle(desktopChannels.reveal, async (input) => {
    const file = resolve(z.string().parse(input));
    const { folder } = lab().workspace;
    // Whatever else there is on the machine is none of the page's business.
    if (file === folder || file.startsWith(folder + sep)) shell.showItemInFolder(file);
  });
  ipcMain.on(desktopChannels.connect, (event) => {
    if (!isOurs(event)) return;
    const { port1, port2 } = new MessageChannelMain();
    dispatcher().serve(messagePortTransport(port1, electronMessage));
    event.senderFrame?.postMessage(desktopChannels.port, null, [port2]);
  });
}

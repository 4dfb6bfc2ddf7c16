/**
 * What the desktop window gives its page beyond the web platform. The preload script provides it under this name; in a
 * browser it is absent.
 */
export const desktopBridgeName = 'pretextDesktop';

/** Versions of what the window is made of, e.g. `{ electron: '45.4.1', chrome: '…' }`. */
export interface DesktopVersions {
  readonly electron: string;
  readonly chrome: string;
}

export interface ChooseOptions {
  /** Folders can be chosen as well as files, where the system's dialogs allow both; else folders only. */
  readonly folders?: boolean;
  readonly files?: boolean;
  readonly several?: boolean;
  readonly title?: string;
  /** E.g. `[{ name: 'Tables', extensions: ['csv', 'tsv'] }]`. */
  readonly filters?: readonly { readonly name: string; readonly extensions: readonly string[] }[];
}

export interface DesktopBridge {
  versions(): DesktopVersions;
  /** The system's dialog. Paths, or none when it was closed. */
  choose(options: ChooseOptions): Promise<readonly string[]>;
  /** The system's dialog for a place to save to; undefined when it was closed. */
  chooseDestination(suggestedName: string): Promise<string | undefined>;
  /** The path of a file that was dropped on the page or chosen in it; empty for one that has none. */
  pathOf(file: unknown): string;
  /** Opens another workspace; the window loads anew. */
  openWorkspace(folder: string): Promise<void>;
  /** Shows a file or folder of the workspace in the system's file manager. */
  reveal(path: string): Promise<void>;
  /** Whether the system notifies when a run has ended while the window is elsewhere. */
  notifies(): Promise<boolean>;
  setNotifies(wanted: boolean): Promise<void>;
  /** Asks for a connection to the lab; the port arrives as a `message` event of the window with `connectionMessage` as its data. */
  connect(): void;
}

/** The data of the window's `message` event whose only port is the connection to the lab. */
export const connectionMessage = 'pretext-connection';

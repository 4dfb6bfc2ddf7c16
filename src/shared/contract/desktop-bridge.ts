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

export interface DesktopBridge {
  versions(): DesktopVersions;
}

/**
 * What a window may not do. The lab shows its own pages only: it never navigates away, opens no windows, embeds no
 * webviews and asks for no permissions, so whatever a page is tricked into trying is refused here.
 * Follows https://www.electronjs.org/docs/latest/tutorial/security.
 */
import type { Session, WebContents, WebPreferences } from 'electron';

/** The page's JavaScript is separated from the preload script's, has no Node, and runs in the operating system's sandbox. */
export const lockedWebPreferences = {
  contextIsolation: true,
  sandbox: true,
  nodeIntegration: false,
  nodeIntegrationInSubFrames: false,
  nodeIntegrationInWorker: false,
  webSecurity: true,
  webviewTag: false,
  spellcheck: false, // would download dictionaries
} as const satisfies WebPreferences;

/** The part of Electron's session that is locked down. */
type LockableSession = Pick<
  Session,
  'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
>;

/** Refuses cameras, microphones, locations, notifications, devices and everything else that needs asking. */
export function refusePermissions(session: LockableSession): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => {
    answer(false);
  });
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
}

/** Whether an address belongs to the lab: same scheme and host. Origins of own schemes are opaque, hence no `origin`. */
export function isOwnAddress(address: string, labAddress: string): boolean {
  if (!URL.canParse(address)) return false;
  const [url, lab] = [new URL(address), new URL(labAddress)];
  return url.protocol === lab.protocol && url.host === lab.host && url.username === '' && url.password === '';
}

/**
 * Keeps a page at the lab's own address: other navigation, redirects, frames, windows and webviews are refused.
 *
 * @param openOutside called with the https: address of a link that the page wanted in a new window.
 */
export function keepAtHome(
  contents: Pick<WebContents, 'on' | 'setWindowOpenHandler'>,
  labAddress: string,
  openOutside: (address: string) => void,
): void {
  contents.on('will-frame-navigate', (event) => {
    if (!isOwnAddress(event.url, labAddress)) event.preventDefault();
  });
  contents.on('will-redirect', (event) => {
    if (!isOwnAddress(event.url, labAddress)) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => {
    event.preventDefault();
  });
  contents.setWindowOpenHandler(({ url }) => {
    if (URL.canParse(url) && new URL(url).protocol === 'https:') openOutside(url);
    return { action: 'deny' };
  });
}

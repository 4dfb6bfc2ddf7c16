/** Electron's entry: starts the desktop host. */
import { startDesktop } from './hosts/electron/desktop.ts';

startDesktop();

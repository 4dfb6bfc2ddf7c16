/** Access to what the desktop window provides; undefined when the lab is opened in a browser. */
import type { DesktopBridge, desktopBridgeName } from '../../../shared/contract/desktop-bridge.ts';

declare global {
  interface Window {
    readonly [desktopBridgeName]?: DesktopBridge;
  }
}

export function desktopBridge(): DesktopBridge | undefined {
  return window.pretextDesktop;
}

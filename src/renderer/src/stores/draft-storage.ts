/**
 * Drafts, as they are written. In a browser they are in the storage of their window: they survive a reload, and end with the window, so
 * that two windows have drafts of their own. The desktop lab has one window, and keeps them when it is closed or the program is quit.
 * What cannot be stored is only kept in memory.
 */
import type { z } from 'zod';
import { desktopBridgeName } from '../../../shared/contract/desktop-bridge.ts';

const isDesktop = (): boolean => desktopBridgeName in globalThis;
const storage = (): Storage => (isDesktop() ? localStorage : sessionStorage);

const unstored = new Set<string>();

/** Whether all drafts are there again when the window has been closed. */
export function draftsOutliveWindow(): boolean {
  return isDesktop() && unstored.size === 0;
}

export function readDraft<Schema extends z.ZodType>(key: string, schema: Schema): z.output<Schema> | undefined {
  try {
    const text = storage().getItem(key);
    return text === null ? undefined : schema.parse(JSON.parse(text));
  } catch {
    return undefined; // of an older version, or no storage at all
  }
}

export function writeDraft(key: string, draft: unknown): void {
  try {
    storage().setItem(key, JSON.stringify(draft));
    unstored.delete(key);
  } catch {
    unstored.add(key); // full, or not allowed
  }
}

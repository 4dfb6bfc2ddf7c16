/**
 * Drafts in the storage of their window: they survive a reload, and end with the window, so that two windows have drafts of their own
 * and another workspace begins with none. What cannot be stored is only kept in memory.
 */
import type { z } from 'zod';

export function readDraft<Schema extends z.ZodType>(key: string, schema: Schema): z.output<Schema> | undefined {
  try {
    const text = sessionStorage.getItem(key);
    return text === null ? undefined : schema.parse(JSON.parse(text));
  } catch {
    return undefined; // of an older version, or no storage at all
  }
}

export function writeDraft(key: string, draft: unknown): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(draft));
  } catch {
    // Full, or not allowed.
  }
}

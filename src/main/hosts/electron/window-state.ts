/** Where the window was, and how large, for the next time. */
import { renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const windowState = z.object({
  x: z.int(),
  y: z.int(),
  width: z.int().min(480),
  height: z.int().min(400),
  isMaximized: z.boolean(),
});
export type WindowState = z.infer<typeof windowState>;

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Undefined where there is none, or where it would lie on a screen that is not there any more. */
export async function readWindowState(folder: string, screens: readonly Area[]): Promise<WindowState | undefined> {
  try {
    const state = windowState.parse(JSON.parse(await readFile(path.join(folder, 'window.json'), 'utf8')));
    const visible = screens.some(
      ({ x, y, width, height }) =>
        state.x < x + width - 100 && state.x + state.width > x + 100 && state.y >= y && state.y < y + height - 100,
    );
    return visible ? state : undefined;
  } catch {
    return undefined;
  }
}

/** At once, as the program may end with its window. Never fails: a window that opens elsewhere is no harm. */
export function writeWindowState(folder: string, state: WindowState): void {
  const file = path.join(folder, 'window.json');
  try {
    writeFileSync(`${file}.new`, JSON.stringify(state));
    renameSync(`${file}.new`, file);
  } catch {
    // there is no room or no permission
  }
}

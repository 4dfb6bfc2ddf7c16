/** Whether the desktop notifies when a run has ended: yes, until someone says no; in a file beside the window's. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../files/durable-file.ts';

const stored = z.object({ runEnds: z.boolean() });

const fileOf = (folder: string): string => path.join(folder, 'notices.json');

export interface NoticeChoice {
  readonly wanted: boolean;
  /** Holds at once, and from then on also when the lab is opened again. Throws where it cannot be written. */
  choose(wanted: boolean): Promise<void>;
}

export async function openNoticeChoice(folder: string): Promise<NoticeChoice> {
  let wanted = await readFile(fileOf(folder), 'utf8').then(
    (text) => storedWish(text),
    () => true, // nobody has chosen yet
  );
  return {
    get wanted() {
      return wanted;
    },
    async choose(next) {
      wanted = next;
      await mkdir(folder, { recursive: true });
      await replaceFile(fileOf(folder), `${JSON.stringify({ runEnds: next })}\n`);
    },
  };
}

function storedWish(text: string): boolean {
  try {
    return stored.parse(JSON.parse(text)).runEnds;
  } catch {
    return true; // a damaged file is none
  }
}

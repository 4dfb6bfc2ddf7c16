/** What the sample sources of texts have in common: documents one at a time, and a file that the ordinary importers read. */
import { open } from 'node:fs/promises';

export interface SampleText {
  /** Unique within the sample. */
  readonly name: string;
  /** The class: a genre, or spam and ham. */
  readonly label: string;
  readonly text: string;
  /** What it was cut from: texts of one document must stay on one side of a split. */
  readonly document?: string;
}

const LINES_PER_WRITE = 256;

/**
 * Writes JSON lines with the columns `text`, `label` and `name`, and `document` where there is one.
 * @param path a file that does not exist yet
 * @returns the number of documents
 */
export async function writeSampleTexts(texts: Iterable<SampleText>, path: string): Promise<number> {
  const handle = await open(path, 'wx');
  try {
    let count = 0;
    let lines: string[] = [];
    const flush = async (): Promise<void> => {
      await handle.writeFile(lines.join(''));
      lines = [];
    };
    for (const { text, label, name, document } of texts) {
      lines.push(`${JSON.stringify({ text, label, name, document })}\n`);
      count += 1;
      if (lines.length === LINES_PER_WRITE) await flush();
    }
    await flush();
    return count;
  } finally {
    await handle.close();
  }
}

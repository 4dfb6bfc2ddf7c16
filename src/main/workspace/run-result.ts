/** The end of a run on the disk: its result, and the checksums of what will not change any more. */
import { join } from 'node:path';
import type { RunResult } from '../../shared/spec/run/result.ts';
import {
  checksumsName,
  filesUnder,
  formatChecksums,
  readChecksums,
  sha256Of,
  sha256OfText,
} from '../files/checksums.ts';
import { replaceFile } from '../files/durable-file.ts';
import type { RunFolder } from './run-folder.ts';

/** Artifacts that training leaves; lines of JSON have checks of their own, and others may be written anew later. */
const lasting = /^(transfer\.json|gradient-flow\.json|.*\.(png|svg))$/;

/** Writes the result. Its checksum is on the disk before it is, so there is no moment at which it is believed without. */
export async function writeResult(run: RunFolder, result: RunResult): Promise<void> {
  const text = `${JSON.stringify(result, null, 2)}\n`;
  const sums = new Map(await readChecksums(run.folder));
  for (const path of await filesUnder(run.artifacts)) {
    if (lasting.test(path)) sums.set(`artifacts/${path}`, await sha256Of(join(run.artifacts, path)));
  }
  sums.set('result.json', sha256OfText(text));
  await replaceFile(join(run.folder, checksumsName), formatChecksums(sums));
  await replaceFile(run.result, text);
}

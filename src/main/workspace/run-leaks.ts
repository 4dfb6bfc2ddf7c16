/** What a run noted of leaks when it was started: `artifacts/leaks.json`. */
import { join } from 'node:path';
import type { RunLeaks } from '../../shared/spec/leaks.ts';
import { runLeaks } from '../../shared/spec/leaks.ts';
import { replaceFile } from '../files/durable-file.ts';
import { readSealed, sealJson } from '../files/sealed-json.ts';
import type { RunFolder } from './run-folder.ts';

const leaksFile = ({ artifacts }: RunFolder): string => join(artifacts, 'leaks.json');

/** Undefined for a run whose leaks were not checked. Throws `LabError('corrupt')`. */
export async function readRunLeaks(run: RunFolder): Promise<RunLeaks | undefined> {
  return readSealed(leaksFile(run), runLeaks);
}

/** Leaks that are shown with a result; all that were noted are in the file. */
const SHOWN = 20;

/** What a run's result says of its leaks: nothing where they were not checked. */
export async function leaksOfResult(run: RunFolder): Promise<{ readonly leaks?: RunLeaks }> {
  const leaks = await readRunLeaks(run);
  return leaks ? { leaks: { ...leaks, listed: leaks.listed.slice(0, SHOWN) } } : {};
}

export async function writeRunLeaks(run: RunFolder, leaks: RunLeaks): Promise<void> {
  await replaceFile(leaksFile(run), sealJson(leaks));
}

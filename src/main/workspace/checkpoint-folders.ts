/** Where the checkpoints of a run are: `step-N/`, each of them whole. */
import { join } from 'node:path';
import { namesIn } from '../files/file-exists.ts';

export function checkpointFolder(checkpoints: string, step: number): string {
  return join(checkpoints, `step-${step}`);
}

/** The steps that there are checkpoints of, ascending. */
export async function listCheckpoints(checkpoints: string): Promise<readonly number[]> {
  const names = await namesIn(checkpoints);
  return names
    .flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

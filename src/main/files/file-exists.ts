/** Small questions about files. */
import { stat } from 'node:fs/promises';

export async function fileExists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

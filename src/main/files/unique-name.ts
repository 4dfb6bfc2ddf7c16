/** Names for temporary files that no other process has, on this computer or on another one that shares the folder. */
import { randomUUID } from 'node:crypto';

/** Numbers of processes are those of one computer, or of one container: the same one may write into the same folder elsewhere. */
const ofThisProcess = `${process.pid}-${randomUUID().slice(0, 8)}`;
let given = 0;

/** What to add to the name of a file. */
export function uniqueName(): string {
  given += 1;
  return `${ofThisProcess}-${given}`;
}

/** What runs in one process have in common is done once: compiled programs, and what frozen networks make of the same examples. */
import { keepSessions } from '../engines/onnxruntime/sessions.ts';
import { keepFeatures } from './kept-features.ts';

/** Programs for training and evaluation, and shorter ones for short texts. */
const sessions = 8;
/** A process that has grown beyond that keeps no further programs: each holds the memory that its activations need. */
const mostResident = 1.5 * 1024 ** 3;
const featureBytes = 256 * 1024 ** 2;

/** From now on, in this process. Results are the same to the bit. */
export function shareWork(): void {
  keepSessions(sessions, mostResident);
  keepFeatures(featureBytes);
}

/**
 * Ends this process when its parent is gone for good. The parent's channel asks a trainer to stop at its next step, but a step
 * is native code that may take long or hang, and nothing else in this thread runs meanwhile: a second thread looks.
 */
import { Worker } from 'node:worker_threads';

/** Long enough for a step and a checkpoint. */
const graceMilliseconds = 120_000;
const lookMilliseconds = 2000;

// An orphan gets another parent (on Unix), or its parent's number belongs to nobody (on Windows).
const watch = `
const { workerData: { parent, grace, look } } = require('node:worker_threads');
const isGone = () => {
  if (process.ppid !== parent) return true;
  try { process.kill(parent, 0); return false; } catch (error) { return error.code === 'ESRCH'; }
};
setInterval(() => {
  if (isGone()) setTimeout(() => process.kill(process.pid, 'SIGKILL'), grace);
}, look);
`;

/** Keeps no process alive by itself. */
export function watchParent(parent = process.ppid): void {
  const workerData = { parent, grace: graceMilliseconds, look: lookMilliseconds };
  new Worker(watch, { eval: true, workerData, stdout: false, stderr: false }).unref();
}

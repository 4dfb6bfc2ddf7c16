/** Why a trainer is gone, in words that help. */
import type { Failure } from '../../../shared/contract/common.ts';
import { LabError } from '../../../shared/errors.ts';
import type { ProcessExit } from '../process-host.ts';

const resumes = 'The run can go on from its last checkpoint';
const smaller =
  'A smaller batch (with gradient accumulation to make up for it), a shorter input or a smaller network needs less';

/** What a trainer did that ended by itself is in the events of its run; this is for the others. Null: it ended as it should. */
export function explainExit({ code, signal, output }: ProcessExit): Failure | null {
  if (signal === null && (code === 0 || code === 130)) return null;
  const details = { code, signal, output };
  if (
    /heap out of memory|FatalProcessOutOfMemory|bad_alloc|Array buffer allocation failed|Failed to allocate memory|Cannot allocate memory/i.test(
      output,
    )
  ) {
    return { code: 'out-of-memory', message: `The trainer ran out of memory. ${smaller}. ${resumes}`, details };
  }
  switch (signal) {
    case null:
      return {
        code: 'internal',
        message: `The trainer ended with the code ${code ?? 'unknown'}. ${stderrTail(output)}${resumes}`,
        details,
      };
    case 'SIGKILL':
      return {
        code: 'out-of-memory',
        message: `The trainer was killed (SIGKILL). Most likely the system ran out of memory and chose it; a person may have killed it, too. ${smaller}. ${resumes}`,
        details,
      };
    case 'SIGSEGV':
    case 'SIGBUS':
    case 'SIGILL':
    case 'SIGABRT':
    case 'SIGFPE':
      return {
        code: 'engine-failed',
        message: `The trainer crashed in native code (${signal}). ${stderrTail(output)}${resumes}. If it happens again, try another device or engine`,
        details,
      };
    default:
      return { code: 'interrupted', message: `The trainer was ended from outside (${signal}). ${resumes}`, details };
  }
}

function stderrTail(output: string): string {
  const line = output
    .trim()
    .split('\n')
    .findLast((text) => text.trim() !== '');
  return line === undefined ? '' : `Its last words: “${line.trim().slice(0, 300)}”. `;
}

/** Why a run that no trainer of ours is at work on cannot be stopped here. */
export function notOurs(id: string, state: string): LabError {
  if (state === 'running') {
    return new LabError(
      'conflict',
      `The run ${id} is trained by another process (see 'lock' in its folder). Stop it there`,
      { id },
    );
  }
  return new LabError('conflict', `The run ${id} is not active: it is ${state}`, { id, state });
}

/** How the elements of a submitted study stand, as the scheduler says. */
import { messageOf } from '../../../shared/errors.ts';
import type { Submission } from './jobs-file.ts';
import type { RunCommand } from './run-command.ts';
import { fill } from './template-text.ts';

export type ElementState = 'waiting' | 'running' | 'failed' | 'ended';

export interface ElementStatus {
  /** Among all elements, from 0. */
  readonly element: number;
  readonly job: string;
  readonly state: ElementState;
  /** In the scheduler's words; empty where it knows nothing of the element any more. */
  readonly word: string;
  readonly node: string;
}

export interface JobStates {
  readonly elements: readonly ElementStatus[];
  /** Why nothing is known of some; null where all is. */
  readonly problem: string | null;
}

/** What schedulers say of a job that they have forgotten because it ended some time ago. */
const forgotten = /invalid job id|unknown job id|does not exist|no resources found|not found|unknown element/i;

type Job = Submission['jobs'][number];

/** Asks the scheduler about every job; what cannot be asked is `problem`, not an error. */
export async function pollJobs(submission: Submission, run: RunCommand): Promise<JobStates> {
  const answers = await Promise.all(submission.jobs.map((job) => pollJob(submission, job, run)));
  return {
    elements: answers.flatMap(({ elements }) => elements),
    problem: answers.find(({ problem }) => problem !== null)?.problem ?? null,
  };
}

async function pollJob(submission: Submission, job: Job, run: RunCommand): Promise<JobStates> {
  const { template } = submission;
  const known = new Map<number, { readonly word: string; readonly node: string }>();
  let answered = false;
  let problem: string | null = null;
  const indices = Array.from({ length: job.last - job.first + 1 }, (_, place) => job.first + place);
  for (const { command, line } of template.poll) {
    if (indices.every((index) => known.has(index))) break;
    const values = { ...submission.options, job: job.job, host: job.host, first: job.first, last: job.last };
    const answer = await run(command.map((word) => fill(word, values))).catch((error: unknown) => messageOf(error));
    if (typeof answer === 'string') {
      problem ??= answer;
      continue;
    }
    const said = `${answer.err}${answer.out}`.trim();
    if (answer.code !== 0 && !forgotten.test(said)) {
      problem ??= `${command[0]}: ${said === '' ? `exit code ${answer.code}` : said}`;
      continue;
    }
    answered = true;
    const before = new Set(known.keys());
    const pattern = new RegExp(fill(line, { job: escape(job.job) }));
    for (const text of answer.code === 0 ? answer.out.split('\n') : []) {
      const { index = String(job.first), state, node = '' } = pattern.exec(text)?.groups ?? {};
      // Of several tries of one element, the one that is under way.
      const isNews = !known.has(Number(index)) || isActive(submission, state);
      if (state !== undefined && isNews && !before.has(Number(index))) known.set(Number(index), { word: state, node });
    }
  }
  const elements = indices.map((index): ElementStatus => {
    const { word = '', node = '' } = known.get(index) ?? {};
    const element = template.jobs === 'element' ? index : index - template.firstIndex + job.offset;
    return { element, job: job.job, state: stateOf(submission, word, answered), word, node };
  });
  return { elements, problem: answered ? null : problem };
}

function isActive({ template: { states } }: Submission, word = ''): boolean {
  return states.waiting.includes(word) || states.running.includes(word);
}

function stateOf({ template: { states } }: Submission, word: string, answered: boolean): ElementState {
  if (states.waiting.includes(word)) return 'waiting';
  if (states.running.includes(word)) return 'running';
  if (states.failed.includes(word)) return 'failed';
  return answered ? 'ended' : 'waiting'; // nobody could be asked: it may still be there
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

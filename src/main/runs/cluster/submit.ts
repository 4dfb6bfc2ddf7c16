/** Hands a study to a scheduler: one array, or several where an array has to be short, or one job for each element. */
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../../shared/errors.ts';
import type { Study } from '../../../shared/spec/study.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { checkSharedFolder } from '../../files/shared-folder.ts';
import type { WorkFolder, WorkPlan } from '../../workspace/work-folder.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { SpecSource } from '../spec-file.ts';
import { elementsOf } from './elements.ts';
import type { RunsPerJob } from './elements.ts';
import { pollJobs } from './job-states.ts';
import { readSubmission, writeSubmission } from './jobs-file.ts';
import type { Submission } from './jobs-file.ts';
import { planWork } from './plan-work.ts';
import type { RunCommand } from './run-command.ts';
import { runCommand } from './run-command.ts';
import type { SchedulerTemplate } from './scheduler-template.ts';
import { readScheduler } from './scheduler-template.ts';
import type { Values } from './template-text.ts';
import { fill, hint } from './template-text.ts';
import { folderOnNodes, ownCommand, renderScript } from './work-script.ts';

export interface SubmitOptions {
  readonly scheduler: string;
  /** Of the template, by their names, or by the flags of `pretext study` that set them. */
  readonly options?: Readonly<Record<string, string>>;
  /** Elements at a time; by default all, or one for each host. */
  readonly parallel?: number | undefined;
  readonly runsPerJob?: RunsPerJob;
  /** How nodes start pretext, and where they see the workspace. */
  readonly command?: readonly string[] | undefined;
  readonly folderOnNodes?: string | undefined;
  readonly run?: RunCommand;
}

export interface Submitted {
  readonly folder: WorkFolder;
  readonly submission: Submission | undefined;
  readonly plan: WorkPlan;
  /** Cells that were not finished before; without any, nothing is submitted. */
  readonly open: number;
  readonly warnings: readonly string[];
}

/** Seconds before a time limit at which nodes are told to stop. */
const graceSeconds = 60;

/**
 * Throws `LabError`: what is wrong with the study, the template, the options or the shared folder, what the scheduler says, and
 * `conflict` while jobs of the study are waiting or at work. What was submitted of several arrays is cancelled then.
 */
export async function submitStudy(
  workspace: Workspace,
  study: Study,
  source: SpecSource,
  {
    scheduler,
    options = {},
    parallel,
    runsPerJob = 'auto',
    command,
    folderOnNodes: given,
    run = runCommand,
  }: SubmitOptions,
): Promise<Submitted> {
  const template = await readScheduler(workspace, scheduler);
  const values = optionValues(scheduler, template, options);
  const { folder, plan, open } = await planWork(workspace, study, source);
  const warnings = await checkSharedFolder(folder.folder);
  if (open === 0) return { folder, submission: undefined, plan, open, warnings };
  await requireIdle(folder, study.name, run);
  const hosts = template.hosts ? String(values.hosts).split(',') : [''];
  const { count, atOnce } = await elementsOf(workspace, plan, open, {
    parallel: template.hosts ? (parallel ?? hosts.length) : parallel,
    runsPerJob: template.hosts ? Math.ceil(open / (parallel ?? hosts.length)) : runsPerJob,
    fewest: template.fewest,
  });
  const submission: Submission = {
    formatVersion: 1,
    scheduler,
    template,
    options: values,
    submittedAt: new Date().toISOString(),
    count,
    parallel: atOnce,
    jobs: [],
  };
  const onNodes = folderOnNodes(template, values, folder.folder, workspace.folder, given);
  const nodeCommand = command ?? template.command ?? ownCommand();
  for (const [number, part] of (await partsOf(template, count, run)).entries()) {
    const job = { ...part, host: hosts[number % hosts.length] ?? '' };
    const all: Values = {
      ...values,
      name: jobName(study.name, number),
      study: study.name,
      folder: onNodes,
      logs: join(onNodes, 'logs'),
      count,
      parallel: Math.min(atOnce, job.last - job.first + 1),
      grace: graceSeconds,
      first: job.first,
      last: job.last,
      host: job.host,
    };
    const script = join(folder.folder, `job-${number}.${template.language === 'yaml' ? 'yaml' : 'sh'}`);
    await replaceFile(
      script,
      renderScript(template, all, { command: nodeCommand, folder: onNodes, count, offset: job.offset }),
    );
    await chmod(script, 0o755);
    const onNode = template.jobs === 'element' ? join(onNodes, `job-${number}.sh`) : script;
    try {
      submission.jobs.push({ ...job, job: await submitOne(template, { ...all, script: onNode }, run) });
    } catch (error) {
      for (const one of submission.jobs) await run(cancelCommand(submission, one)).catch(() => undefined);
      throw error;
    }
  }
  await writeSubmission(folder, submission);
  return { folder, submission, plan, open, warnings };
}

async function requireIdle(folder: WorkFolder, study: string, run: RunCommand): Promise<void> {
  const before = await readSubmission(folder);
  if (!before) return;
  const { elements } = await pollJobs(before, run);
  const busy = elements.filter(({ state }) => state !== 'ended' && state !== 'failed').length;
  if (busy === 0) return;
  throw new LabError(
    'conflict',
    `${busy} elements of ${study} are waiting or at work already (${before.template.title}, ${before.jobs.map(({ job }) => job).join(', ')}). 'pretext study status ${study}' shows them, 'pretext study cancel ${study}' cancels them`,
    { study },
  );
}

/** What may stand in a command and in a script: values of options go into both. */
const plain = /^[\w@%+=:,./~ -]+$/;

/** Throws `LabError('bad-spec')` for options that the scheduler has not, or lacks. */
function optionValues(
  name: string,
  template: SchedulerTemplate,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [key, option] of Object.entries(template.options)) {
    const value = given[key] ?? (option.flag === undefined ? undefined : given[option.flag]) ?? option.default;
    if (value !== undefined) values[key] = value;
    else if (option.required) {
      throw new LabError('bad-spec', `${name} needs --option ${key}=…: ${option.help}`, { option: key });
    }
  }
  const known = Object.entries(template.options).flatMap(([key, { flag }]) =>
    flag === undefined ? [key] : [key, flag],
  );
  for (const [key, value] of Object.entries(given)) {
    if (!known.includes(key)) {
      throw new LabError('bad-spec', `${name} has no option '${key}'${hint(key, known)}`, { option: key });
    }
    if (!plain.test(value)) {
      throw new LabError(
        'bad-spec',
        `--option ${key}=${value}: only letters, digits, spaces and @%+=:,./~_- are allowed there`,
        { option: key },
      );
    }
  }
  return values;
}

interface JobPart {
  readonly first: number;
  readonly last: number;
  readonly offset: number;
}

/** Numbers of elements, job by job: arrays no longer than the scheduler allows. */
async function partsOf(template: SchedulerTemplate, count: number, run: RunCommand): Promise<readonly JobPart[]> {
  const longest = template.jobs === 'element' ? 1 : await longestArray(template, run);
  const parts: JobPart[] = [];
  for (let offset = 0; offset < count; offset += longest) {
    const { firstIndex } = template;
    const length = Math.min(longest, count - offset);
    // Elements that are jobs of their own are told which they are.
    const first = template.jobs === 'element' ? offset : firstIndex;
    parts.push({ first, last: first + length - 1, offset: template.jobs === 'element' ? 0 : offset });
  }
  return parts;
}

async function longestArray({ largestArray, fewest }: SchedulerTemplate, run: RunCommand): Promise<number> {
  if (!largestArray) return Infinity;
  const { code, out } = await run(largestArray.command);
  const size = code === 0 ? Number(new RegExp(largestArray.pattern).exec(out)?.groups?.size) : Number.NaN;
  return Number.isInteger(size) && size > 0 ? Math.max(size - 1, fewest) : Infinity;
}

async function submitOne(template: SchedulerTemplate, values: Values, run: RunCommand): Promise<string> {
  const { code, out, err } = await run(submitCommand(template, values));
  const job = code === 0 ? new RegExp(template.submit.pattern, 'm').exec(out.trim())?.groups?.job : undefined;
  if (job !== undefined) return job;
  const said = `${err}\n${out}`.trim();
  throw new LabError(
    'bad-input',
    `${template.title} did not take the study: ${said === '' ? `exit code ${code}` : said}`,
    { code },
  );
}

function submitCommand({ submit, options }: SchedulerTemplate, values: Values): readonly string[] {
  return submit.command.flatMap((word) => {
    if (word !== '{options}') return [fill(word, values)];
    return Object.entries(options).flatMap(
      ([key, { argument, arguments: several = argument === undefined ? [] : [argument] }]) =>
        values[key] === undefined ? [] : several.map((one) => fill(one, { ...values, value: values[key] ?? '' })),
    );
  });
}

/** The words of the command that cancels a job of a submission. */
export function cancelCommand(
  { template, options }: Submission,
  { job, host, first, last }: Submission['jobs'][number],
): readonly string[] {
  return template.cancel.command.map((word) => fill(word, { ...options, job, host, first, last }));
}

/** Letters, digits and dashes: what every scheduler takes, and Kubernetes alone insists on. */
function jobName(study: string, number: number): string {
  const name = `pretext-${study.replace(/[^a-z0-9]+/g, '-')}`.slice(0, 40).replace(/-+$/, '');
  return `${name}-${Date.now().toString(36)}${number === 0 ? '' : `-${number}`}`;
}

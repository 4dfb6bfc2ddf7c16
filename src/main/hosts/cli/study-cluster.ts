/** `pretext study … --on`, `pretext study status` and `pretext study cancel`: studies that other computers do. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { formatCount, plural } from '../../../shared/display.ts';
import { LabError } from '../../../shared/errors.ts';
import type { ClusterStudy } from '../../runs/cluster/cluster-study.ts';
import { cancelClusterStudy, readClusterStudy } from '../../runs/cluster/cluster-study.ts';
import type { RunsPerJob } from '../../runs/cluster/elements.ts';
import { submitStudy } from '../../runs/cluster/submit.ts';
import type { SpecSource } from '../../runs/spec-file.ts';
import { parseStudy } from '../../runs/study-plan.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { collect, existingWorkspaceOf, globalsOf } from './globals.ts';
import { positiveNumber } from './numbers.ts';
import { print, printJson, say, table } from './output.ts';

export interface ClusterFlags {
  readonly on?: string;
  readonly partition?: string;
  readonly time?: string;
  readonly account?: string;
  readonly option?: readonly string[];
  readonly parallel?: number;
  readonly runsPerJob?: RunsPerJob;
  readonly command?: string;
  readonly folderOnNodes?: string;
}

export function addClusterOptions(study: Command): void {
  study
    .option('--on <scheduler>', 'let a cluster do it: slurm, pbs, grid-engine, kubernetes, ssh, or one of your own')
    .option('--partition <name>', 'with --on: the partition or queue')
    .option('--time <limit>', 'with --on: the time limit of a job')
    .option('--account <name>', 'with --on: the account or project')
    .option('--option <key=value>', 'with --on: an option of the scheduler (may be given several times)', collect)
    .option('--parallel <n>', 'with --on: jobs at a time', positiveNumber)
    .option('--runs-per-job <n>', "with --on: runs that a job does, or 'auto'", runsPerJob)
    .option('--command <words>', 'with --on: how nodes start pretext, if not as here')
    .option('--folder-on-nodes <folder>', 'with --on: where nodes see the workspace, if not where it is here');
  study
    .command('status')
    .description('how a study stands that was handed to a cluster')
    .argument('<name>', "the study's name")
    .action(async (name: string, _flags: object, command: Command) => {
      const found = await readClusterStudy(await existingWorkspaceOf(command), name);
      if (!found) throw notThere(name);
      if (globalsOf(command).json) printJson(found);
      else print(describeStanding(found));
    });
  study
    .command('cancel')
    .description('stop a study on a cluster: nodes at work stop at a checkpoint')
    .argument('<name>', "the study's name")
    .action(async (name: string, _flags: object, command: Command) => {
      await cancelClusterStudy(await existingWorkspaceOf(command), name);
      say('Cancelled. Submitting it again goes on where it stopped.');
    });
}

function notThere(name: string): LabError {
  return new LabError(
    'not-found',
    `The study '${name}' was not submitted to a cluster: 'pretext study SPEC --on slurm' submits it`,
    {
      name,
    },
  );
}

function runsPerJob(text: string): RunsPerJob {
  if (text === 'auto') return text;
  try {
    return positiveNumber(text);
  } catch {
    throw new InvalidArgumentError("It should be a whole number, or 'auto'.");
  }
}

export async function submitToCluster(
  workspace: Workspace,
  source: SpecSource,
  scheduler: string,
  flags: ClusterFlags,
  json: boolean,
): Promise<void> {
  const study = parseStudy(source);
  const { partition, time, account, option = [], parallel, command } = flags;
  const named = Object.entries({ partition, time, account }).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  const { submission, plan, open, warnings } = await submitStudy(workspace, study, source, {
    scheduler,
    options: Object.fromEntries([...named, ...option.map(keyAndValue)]),
    parallel,
    ...(flags.runsPerJob !== undefined && { runsPerJob: flags.runsPerJob }),
    command: command?.split(' '),
    folderOnNodes: flags.folderOnNodes,
  });
  const cells = plan.cells.length;
  for (const warning of warnings) say(`Warning: ${warning}`);
  if (json) printJson({ study: study.name, cells, open, jobs: submission?.jobs.map(({ job }) => job) ?? [] });
  else if (submission) print(submission.jobs.map(({ job }) => job).join('\n'));
  if (!submission) {
    say(`Nothing is left of ${plural(cells, 'run')}. 'pretext study SPEC' prints what they say.`);
    return;
  }
  say(
    `${formatCount(open)} of ${plural(cells, 'run')} in ${plural(submission.count, 'job')}, ${formatCount(submission.parallel)} at a time. 'pretext study status ${study.name}' follows them, 'pretext study cancel ${study.name}' cancels them`,
  );
}

function keyAndValue(text: string): readonly [string, string] {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new LabError('bad-spec', `--option ${text}: write key=value, for example qos=high`);
  }
  return [key, value];
}

function describeStanding({ study, submission, jobs, cancelled, cells }: ClusterStudy): string {
  const count = (state: string): number => cells.filter((cell) => cell.state === state).length;
  const cellWords = (['done', 'running', 'waiting', 'lost', 'failed', 'left out'] as const).flatMap((state) =>
    count(state) > 0 ? [`${formatCount(count(state))} ${state}`] : [],
  );
  const failures = cells.filter(({ state }) => state === 'failed');
  const running = cells.filter(({ state }) => state === 'running');
  return [
    `${study}: ${plural(cells.length, 'run')}, ${cellWords.join(', ')}${cancelled ? '; cancelled' : ''}`,
    ...(submission ? [describeJobs(submission.template.title, jobs.elements)] : []),
    ...(cells.some(({ state }) => state === 'left out')
      ? ['Stopped for futility: more seeds were not expected to show a difference.']
      : []),
    ...(jobs.problem === null ? [] : [`The scheduler does not answer: ${jobs.problem}`]),
    ...(running.length > 0
      ? [
          table(
            [{ title: 'at work' }, { title: 'node' }],
            running.map(({ id, host = '' }) => [id, host]),
          ),
        ]
      : []),
    ...failures.map(({ id, failure }) => `${id} failed: ${failure?.message ?? 'it is not known why'}`),
    ...adviceFor(study, cells, jobs.elements),
  ].join('\n');
}

function describeJobs(title: string, elements: ClusterStudy['jobs']['elements']): string {
  const jobs = [...new Set(elements.map(({ job }) => job))];
  const states = (['waiting', 'running', 'failed', 'ended'] as const).flatMap((state) => {
    const number = elements.filter((one) => one.state === state).length;
    return number > 0 ? [`${formatCount(number)} ${state}`] : [];
  });
  return `${title} ${jobs.join(', ')}: ${states.join(', ')}`;
}

/** What is left although nobody will do it. */
function adviceFor(
  study: string,
  cells: ClusterStudy['cells'],
  elements: ClusterStudy['jobs']['elements'],
): readonly string[] {
  const isOver = ({ state }: ClusterStudy['cells'][number]): boolean => state === 'done' || state === 'left out';
  const left = cells.filter((cell) => !isOver(cell) && cell.state !== 'running').length;
  const busy = elements.some(({ state }) => state === 'waiting' || state === 'running');
  if (left === 0) {
    return cells.every(isOver) ? [`'pretext study SPEC' prints what they say`] : [];
  }
  return busy
    ? []
    : [
        `Nobody does the ${formatCount(left)} that are left: submit ${study} again, which tries those that have failed anew`,
      ];
}

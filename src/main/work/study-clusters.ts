/** Studies on other computers: laying out thousands of cells and asking schedulers is too much for the lab's process. */
import { readFile } from 'node:fs/promises';
import type { ClusterStudySummary, Scheduler } from '../../shared/contract/study-clusters.ts';
import { messageOf } from '../../shared/errors.ts';
import { migrateStoredStudy } from '../../shared/spec/study-versions.ts';
import { cancelClusterStudy, readClusterStudy } from '../runs/cluster/cluster-study.ts';
import { readScheduler, schedulerNames } from '../runs/cluster/scheduler-template.ts';
import { submitStudy } from '../runs/cluster/submit.ts';
import { parseStudy } from '../runs/study-plan.ts';
import { studyFiles } from '../workspace/studies.ts';
import type { WorkContext } from './work-context.ts';

export async function schedulersOf({ workspace }: WorkContext, _: object): Promise<Scheduler[]> {
  const names = await schedulerNames(workspace);
  return Promise.all(
    names.map(async (name): Promise<Scheduler> => {
      try {
        const { title, options } = await readScheduler(workspace, name);
        const list = Object.entries(options).map(([key, option]) => ({
          name: key,
          help: option.help,
          required: option.required,
          default: option.default ?? null,
        }));
        return { name, title, options: list, problem: null };
      } catch (error) {
        return { name, title: name, options: [], problem: messageOf(error) };
      }
    }),
  );
}

export interface SubmitQuestion {
  readonly name: string;
  readonly scheduler: string;
  readonly options: Readonly<Record<string, string>>;
  readonly parallel?: number | undefined;
  readonly runsPerJob?: number | undefined;
}

export interface SubmitAnswer {
  readonly jobs: string[];
  readonly open: number;
  readonly warnings: string[];
  /** The runs of all cells, there or not. */
  readonly runs: readonly string[];
}

export async function submitStudyOf(
  { workspace }: WorkContext,
  { name, scheduler, options, parallel, runsPerJob }: SubmitQuestion,
): Promise<SubmitAnswer> {
  const file = studyFiles(workspace, name).spec;
  const source = {
    value: migrateStoredStudy(JSON.parse(await readFile(file, 'utf8'))),
    locate: () => file,
  };
  const { submission, open, warnings, plan } = await submitStudy(workspace, parseStudy(source), source, {
    scheduler,
    options,
    parallel,
    runsPerJob: runsPerJob ?? 'auto',
  });
  return {
    jobs: submission?.jobs.map(({ job }) => job) ?? [],
    open,
    warnings: [...warnings],
    runs: plan.cells.map(({ id }) => id),
  };
}

export async function clusterOf(
  { workspace }: WorkContext,
  { name }: { readonly name: string },
): Promise<ClusterStudySummary | null> {
  const found = await readClusterStudy(workspace, name);
  if (!found) return null;
  const { submission, cancelled, jobs, cells } = found;
  const number = (state: string): number => jobs.elements.filter((element) => element.state === state).length;
  return {
    submission: submission
      ? {
          scheduler: submission.template.title,
          jobs: submission.jobs.map(({ job }) => job),
          submittedAt: submission.submittedAt,
        }
      : null,
    cancelled,
    problem: jobs.problem,
    jobs: {
      waiting: number('waiting'),
      running: number('running'),
      failed: number('failed'),
      ended: number('ended'),
    },
    cells: cells.map(({ failure, host, ...cell }) => ({
      ...cell,
      host: host ?? null,
      message: failure?.message ?? null,
    })),
  };
}

export async function cancelStudyOf(
  { workspace }: WorkContext,
  { name }: { readonly name: string },
): Promise<Record<string, never>> {
  await cancelClusterStudy(workspace, name);
  return {};
}

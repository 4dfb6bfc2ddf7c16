// What the chapters of the scenario share: the client, the events it has heard, and the run that was trained.
import { expect } from 'vitest';
import type { LabClient } from '../../../src/shared/contract/index.ts';
import type { Job } from '../../../src/shared/contract/jobs.ts';
import type { Run } from '../../../src/shared/contract/runs.ts';
import { eventually } from '../../eventually.ts';

export interface Scenario {
  /** Around the workspace and the sources. */
  folder: string;
  client: LabClient;
  /** The id of the first run, once it was trained. */
  run: string;
  /** What the subscriptions told: parts of the workspace, states of runs and of jobs. */
  readonly changed: string[];
  readonly watched: string[];
  readonly jobs: string[];
}

/** The same client, which notes in `called` what was asked of it: `runs.get`. */
export function noting(lab: LabClient, called: Set<string>): LabClient {
  const features = Object.entries(lab).map(([feature, methods]) => [
    feature,
    Object.fromEntries(
      Object.entries(methods as Record<string, (...values: unknown[]) => unknown>).map(([name, method]) => [
        name,
        (...values: unknown[]) => {
          called.add(`${feature}.${name}`);
          return method(...values);
        },
      ]),
    ),
  ]);
  return Object.fromEntries(features) as LabClient;
}

/** Asks for a job until it has come to its end. */
export async function finished(lab: LabClient, id: string): Promise<Job> {
  return eventually(async () => {
    const job = await lab.jobs.get({ id });
    expect(job.finishedAt).not.toBeNull();
    return job;
  });
}

/** Follows a run until it has ended, by its subscription alone. */
export function ended(lab: LabClient, id: string): Promise<Run> {
  return new Promise((resolve, reject) => {
    const check = (run: Run): void => {
      if (['finished', 'failed', 'stopped', 'interrupted'].includes(run.state)) {
        stop();
        resolve(run);
      }
    };
    const stop = lab.runs.follow(
      { id },
      {
        onReady: () =>
          void lab.runs.get({ id }).then(({ run }) => {
            check(run);
          }, reject),
        onEvent: ({ run }) => {
          check(run);
        },
        onError: reject,
      },
    );
  });
}

/** Counts the changes of each part of the workspace, so that whoever shows a part knows when to read it again. */
import { defineStore } from 'pinia';
import { reactive } from 'vue';
import type { z } from 'zod';
import type { LabClient, Unsubscribe } from '../../../shared/contract/index.ts';
import type { changedPart } from '../../../shared/contract/workspace.ts';

export type ChangedPart = z.infer<typeof changedPart>;

const parts: readonly ChangedPart[] = [
  'materials',
  'models',
  'runs',
  'queue',
  'jobs',
  'experiments',
  'pipelines',
  'notices',
];

export const useChangesStore = defineStore('changes', () => {
  const revisions = reactive<Record<ChangedPart, number>>({
    materials: 0,
    models: 0,
    runs: 0,
    queue: 0,
    jobs: 0,
    experiments: 0,
    pipelines: 0,
    notices: 0,
  });

  function bump(changed: readonly ChangedPart[]): void {
    for (const part of changed) revisions[part] += 1;
  }

  /** Listens from now on. After a reconnection anything may have changed. */
  function follow(lab: LabClient): Unsubscribe {
    let first = true;
    return lab.workspace.watch(
      {},
      {
        onReady() {
          if (!first) bump(parts);
          first = false;
        },
        onEvent({ changed }) {
          bump(changed);
        },
      },
    );
  }

  return { revisions, bump, follow };
});

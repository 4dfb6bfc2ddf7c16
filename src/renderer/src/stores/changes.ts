/** Counts the changes of each part of the workspace, so that whoever shows a part knows when to read it again. */
import { defineStore } from 'pinia';
import { reactive } from 'vue';
import type { LabClient, Unsubscribe } from '../../../shared/contract/index.ts';
import type { ChangedPart } from '../../../shared/contract/workspace.ts';
import { changedPart } from '../../../shared/contract/workspace.ts';

const parts = changedPart.options;

export const useChangesStore = defineStore('changes', () => {
  const revisions = reactive(new Map(parts.map((part) => [part, 0])));

  function bump(changed: readonly ChangedPart[]): void {
    for (const part of changed) revisions.set(part, (revisions.get(part) ?? 0) + 1);
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

/** Long tasks besides runs, as every window sees them: read once, then followed. */
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { LabClient, Unsubscribe } from '../../../shared/contract/index.ts';
import type { Job } from '../../../shared/contract/jobs.ts';
import { useToastStore } from './toasts.ts';

export const useJobStore = defineStore('jobs', () => {
  const byId = ref(new Map<string, Job>());
  const toasts = useToastStore();

  function take(jobs: readonly Job[]): void {
    const next = new Map(byId.value);
    for (const job of jobs) {
      if (job.state !== byId.value.get(job.id)?.state && byId.value.has(job.id)) announce(job);
      next.set(job.id, job);
    }
    byId.value = next;
  }

  function announce(job: Job): void {
    if (job.state === 'done') toasts.show({ severity: 'success', title: `${job.title}: done` });
    if (job.state === 'cancelled') toasts.show({ severity: 'information', title: `${job.title}: cancelled` });
    if (job.state === 'failed') {
      toasts.show({
        severity: 'error',
        title: `${job.title} failed`,
        ...(job.failure && { message: job.failure.message }),
      });
    }
  }

  function follow(lab: LabClient): Unsubscribe {
    return lab.jobs.watch(
      {},
      {
        onReady() {
          void lab.jobs.list({}).then((jobs) => {
            byId.value = new Map(jobs.map((job) => [job.id, job]));
          });
        },
        onEvent({ jobs }) {
          take(jobs);
        },
      },
    );
  }

  async function dismiss(lab: LabClient, id: string): Promise<void> {
    await lab.jobs.dismiss({ id });
    const next = new Map(byId.value);
    next.delete(id);
    byId.value = next;
  }

  return {
    all: computed(() => [...byId.value.values()].toSorted((one, other) => other.startedAt - one.startedAt)),
    running: computed(() =>
      [...byId.value.values()].filter(({ state }) => state === 'running' || state === 'cancelling'),
    ),
    follow,
    dismiss,
  };
});

/** A task of the lab that a component has started: how it stands, and what it came to. */
import type { ComputedRef } from 'vue';
import { computed, ref } from 'vue';
import type { z } from 'zod';
import type { Job } from '../../../shared/contract/jobs.ts';
import { useJobStore } from '../stores/jobs.ts';

export interface StartedJob<Result> {
  readonly job: ComputedRef<Job | undefined>;
  readonly isRunning: ComputedRef<boolean>;
  /** Undefined until it is done, and where nothing was asked of it. */
  readonly result: ComputedRef<Result | undefined>;
  /** The task whose id the lab has answered with; it takes the place of the one before. Undefined: no more. */
  follow(id: string | undefined): void;
}

/** `result`: what the task comes to. */
export function useStartedJob<Result = never>(result?: z.ZodType<Result>): StartedJob<Result> {
  const jobs = useJobStore();
  const started = ref<string>();
  const job = computed(() => jobs.all.find(({ id }) => id === started.value));
  return {
    job,
    isRunning: computed(() => job.value?.state === 'running' || job.value?.state === 'cancelling'),
    result: computed(() => (job.value?.state === 'done' ? result?.safeParse(job.value.result).data : undefined)),
    follow(id) {
      started.value = id;
    },
  };
}

/** Long tasks, sample projects and uploads. */
import type { Job, jobsContract } from '../../../shared/contract/jobs.ts';
import type { samplesContract } from '../../../shared/contract/samples.ts';
import { gather } from '../../lab/events.ts';
import type { Lab } from '../../lab/lab.ts';
import { findSample, samples, unavailable } from '../../work/samples/index.ts';
import { experimentsOf } from '../../work/samples/references.ts';
import type { HandlersOf } from '../dispatcher.ts';

export function jobsHandlers({ jobs }: Lab): HandlersOf<typeof jobsContract> {
  return {
    list: () => [...jobs.list()],
    get: ({ id }) => jobs.get(id),
    cancel: ({ id }) => jobs.cancel(id),
    dismiss({ id }) {
      jobs.dismiss(id);
      return {};
    },
    watch(_input, emit) {
      const changed = gather<Job>((list) => {
        emit({ jobs: [...new Map(list.map((job) => [job.id, job])).values()] });
      });
      const stop = jobs.changes.on((job) => {
        changed.add(job);
      });
      return () => {
        stop();
        changed.stop();
      };
    },
  };
}

export function samplesHandlers(lab: Lab): HandlersOf<typeof samplesContract> {
  return {
    list: () =>
      samples.map((sample) => ({
        name: sample.name,
        title: sample.title,
        summary: sample.summary,
        content: sample.content,
        unavailable: unavailable(sample),
        materials: sample.materials.map(({ group, name }) => ({
          group,
          name,
          exists: lab.materials.list().some((material) => material.group === group && material.name === name),
        })),
        experiments: experimentsOf(sample, lab.runs.all()),
      })),
    create({ name }) {
      const { title } = findSample(name);
      const { id } = lab.jobs.start('sample', `Sample project: ${title}`, async (signal, onProgress) => {
        const made = await lab.workers.callAlone('sample', { name }, { signal, onProgress });
        await lab.materials.scan();
        return { made };
      });
      return { job: id };
    },
  };
}

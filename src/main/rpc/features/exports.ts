/** Exports of runs and models, as tasks. */
import type { ExportOf, exportsContract } from '../../../shared/contract/exports.ts';
import type { Lab } from '../../lab/lab.ts';
import type { HandlersOf } from '../dispatcher.ts';

export function exportsHandlers({ runs, workers, jobs }: Lab): HandlersOf<typeof exportsContract> {
  /** With the whole id of a run, of which pages may know the beginning. */
  const known = (of: ExportOf): { of: ExportOf; name: string } => {
    if (of.kind === 'model') return { of, name: of.model };
    const { id, spec } = runs.get(of.run);
    return { of: { kind: 'run', run: id }, name: spec.name };
  };
  return {
    formats: ({ of }, { signal }) => workers.call('exportFormats', { of: known(of).of }, { signal }),
    start(input) {
      const { of, name } = known(input.of);
      const { id } = jobs.start(
        'export',
        `Export of ${name}`,
        async (signal, onProgress) => ({
          result: await workers.callAlone('export', { ...input, of }, { signal, onProgress }),
        }),
        of.kind === 'run' ? `run ${of.run}` : `model ${of.model}`,
      );
      return { job: id };
    },
  };
}

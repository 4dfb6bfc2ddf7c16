/** The changes of a dataset's classes: what there were, making one, and taking the last one back. */
import type { DatasetEdit } from '../../../../shared/spec/dataset-edit.ts';
import { describeEdit } from '../../../../shared/spec/dataset-edit.ts';
import { useLab } from '../../composables/use-lab.ts';
import { useOperation } from '../../composables/use-operation.ts';
import { useRequest } from '../../composables/use-request.ts';
import { useToastStore } from '../../stores/toasts.ts';

/** @param onChange after every change; the dataset is another one then */
export function useDatasetEdits(name: () => string, onChange: () => void) {
  const lab = useLab();
  const toasts = useToastStore();
  const log = useRequest(
    () => ({ name: name() }),
    (client, input, options) => client.materials.edits(input, options),
  );
  const change = useOperation('The dataset was not changed', async (edits: readonly DatasetEdit[], undone: number) => {
    const { edits: entries } = await lab.materials.edit({ name: name(), edits: [...edits], undo: undone });
    const last = edits.at(-1);
    toasts.show({
      severity: 'success',
      title: last === undefined ? 'The last change was taken back' : `${name()}: ${describeEdit(last)}`,
    });
    await log.refresh();
    onChange();
    return entries;
  });
  return {
    log,
    running: change.running,
    make: (edit: DatasetEdit) => change.perform([edit], 0),
    undo: () => ((log.data.value?.edits.length ?? 0) > 0 ? change.perform([], 1) : Promise.resolve(undefined)),
  };
}

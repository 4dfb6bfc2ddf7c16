/** Deletes a corpus or dataset, and offers to bring it back: in the toast, and under Messages until the lab is closed. */
import type { MaterialReference } from '../../../../shared/contract/materials.ts';
import { useLab } from '../../composables/use-lab.ts';
import type { Operation } from '../../composables/use-operation.ts';
import { useOperation } from '../../composables/use-operation.ts';
import { useToastStore } from '../../stores/toasts.ts';

export function useMaterialDeletion(): Operation<[MaterialReference], boolean> {
  const lab = useLab();
  const toasts = useToastStore();
  const restore = useOperation('It could not be brought back', async (undo: string) => {
    const { name } = await lab.materials.restore({ undo });
    toasts.show({ severity: 'success', title: `${name} is back` });
  });
  return useOperation('It could not be deleted', async ({ group, name }: MaterialReference) => {
    const { undo } = await lab.materials.delete({ group, name });
    toasts.show({
      severity: 'information',
      title: `${name} was deleted`,
      offer: { label: 'Undo', run: () => void restore.perform(undo) },
    });
    return true;
  });
}

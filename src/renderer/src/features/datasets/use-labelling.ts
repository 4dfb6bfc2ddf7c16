/**
 * Labelling examples one after the other: each answer is stored at once, as an edit of the dataset, and the next example is shown
 * without waiting for it. What cannot be stored is shown again, with the reason.
 */
import { computed, ref } from 'vue';
import type { MaterialItem } from '../../../../shared/contract/materials.ts';
import { isLabError, messageOf } from '../../../../shared/errors.ts';
import type { DatasetEdit } from '../../../../shared/spec/dataset-edit.ts';
import { useLab } from '../../composables/use-lab.ts';

export interface LabelCandidate {
  readonly item: MaterialItem;
  /** 0: sure, 1: not sure at all; null where no classifier was asked. */
  readonly uncertainty: number | null;
  readonly choices: readonly { readonly label: string; readonly probability: number }[];
}

/** What was done with an example; a label of null means that it was passed over. */
interface Step {
  readonly place: number;
  readonly label: string | null;
}

type Change = { readonly place: number; readonly edit: DatasetEdit } | { readonly place: number; readonly undo: true };

/** @param onStored after labels were stored */
export function useLabelling(name: () => string, onStored: () => void) {
  const lab = useLab();
  const candidates = ref<readonly LabelCandidate[]>([]);
  const place = ref(0);
  const steps = ref<readonly Step[]>([]);
  const failure = ref('');
  const saving = ref(false);
  const waiting: Change[] = [];

  const current = computed(() => candidates.value[place.value]);
  const labels = computed(
    () => new Map(steps.value.flatMap((step) => (step.label === null ? [] : [[step.place, step.label]]))),
  );
  const passed = computed(() =>
    steps.value.flatMap((step) => {
      const candidate = candidates.value[step.place];
      return step.label === null && candidate ? [candidate.item.index] : [];
    }),
  );

  /** The changes that can be made in one go: labels after each other, or one that is taken back. */
  function takeBatch(): readonly Change[] {
    const [first] = waiting;
    if (!first || 'undo' in first) return waiting.splice(0, 1);
    const next = waiting.findIndex((change) => 'undo' in change);
    return waiting.splice(0, next < 0 ? waiting.length : next);
  }

  async function save(): Promise<void> {
    if (saving.value) return;
    saving.value = true;
    try {
      while (waiting.length > 0) {
        const batch = takeBatch();
        try {
          const edits = batch.flatMap((change) => ('edit' in change ? [change.edit] : []));
          await lab.materials.edit({ name: name(), edits, undo: batch.length - edits.length });
          onStored();
        } catch (problem) {
          if (isLabError(problem, 'aborted')) return;
          giveBack(batch, messageOf(problem));
        }
      }
    } finally {
      saving.value = false;
    }
  }

  /** Nothing of what follows a change that was refused is stored either. */
  function giveBack(batch: readonly Change[], reason: string): void {
    failure.value = reason;
    waiting.length = 0;
    const [first] = batch;
    if (!first) return;
    steps.value = steps.value.filter((step) => step.place < first.place);
    place.value = first.place;
  }

  function pass(label: string | null): void {
    if (!current.value) return;
    failure.value = '';
    steps.value = [...steps.value, { place: place.value, label }];
    place.value += 1;
  }

  return {
    candidates,
    place,
    current,
    /** By place: what was stored, or is about to be. */
    labels,
    /** Numbers of the examples that were passed over. */
    passed,
    failure,
    saving,
    canUndo: computed(() => steps.value.length > 0),
    begin(found: readonly LabelCandidate[]): void {
      candidates.value = found;
      place.value = 0;
      steps.value = [];
      failure.value = '';
    },
    label(wanted: string): void {
      const candidate = current.value;
      if (!candidate || wanted.trim() === '') return;
      const edit: DatasetEdit = { type: 'relabel', examples: [candidate.item.index], to: wanted.trim() };
      waiting.push({ place: place.value, edit });
      pass(wanted.trim());
      void save();
    },
    skip(): void {
      pass(null);
    },
    undo(): void {
      const last = steps.value.at(-1);
      if (!last) return;
      failure.value = '';
      steps.value = steps.value.slice(0, -1);
      place.value = last.place;
      if (last.label === null) return;
      const unsent = waiting.at(-1);
      if (unsent && 'edit' in unsent && unsent.place === last.place) waiting.pop();
      else waiting.push({ place: last.place, undo: true });
      void save();
    },
  };
}

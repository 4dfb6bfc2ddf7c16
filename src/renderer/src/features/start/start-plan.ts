/** What the guided start makes of dropped files: what they are in a sentence, what is learned from them, and for how long. */
import type { ImportRequest, Inspection } from '../../../../shared/contract/materials.ts';
import { plural } from '../../../../shared/display.ts';
import { groupOfKind, mediumOf } from '../../../../shared/spec/data-kind.ts';
import type { JsonObject } from '../../components/schema-form/fields.ts';
import { isObject } from '../../components/schema-form/fields.ts';
import { refusalOf } from '../datasets/import-refusal.ts';

export interface FoundData {
  /** `Pictures without labels`. */
  readonly title: string;
  /** `40 files`, and the classes that were found. */
  readonly details: string;
  readonly isLabelled: boolean;
  /** What happens after a click. */
  readonly next: string;
  /** Why nothing can be begun with them; null where it can. */
  readonly refusal: string | null;
}

const mediumWords = { text: 'Text', images: 'Pictures', audio: 'Recordings' } as const;
/** Named in a sentence. */
const mostClasses = 6;

/** @param from whether a network that was pretrained before is to be fine-tuned on them */
export function describeFound(request: ImportRequest, inspection: Inspection, from: boolean): FoundData {
  const isLabelled = groupOfKind(request.kind) === 'dataset';
  const medium = mediumWords[mediumOf(request.kind) ?? 'text'];
  const classes = classesOf(request, inspection);
  const named = classes.slice(0, mostClasses).map(({ name }) => name);
  const more = classes.length > named.length ? ` and ${classes.length - named.length} more` : '';
  return {
    title: isLabelled ? `${medium} with labels` : `${medium} without labels`,
    details: `${plural(inspection.files.total, 'file')}${named.length === 0 ? '' : `: ${named.join(', ')}${more}`}`,
    isLabelled,
    next: nextWords(isLabelled, from),
    refusal:
      from && !isLabelled
        ? 'These have no labels. Labels are a folder for each class, or a table with a column of them.'
        : refusalOf(request, inspection),
  };
}

function nextWords(isLabelled: boolean, from: boolean): string {
  if (from) return 'The network that you pretrained is fine-tuned on them: it learns to say the labels.';
  if (isLabelled) return 'A small network learns to say the labels of what it has not seen.';
  return 'A small network is pretrained on them: it learns without labels, from what it can predict itself.';
}

function classesOf(request: ImportRequest, { table, text, images, sounds, tagged }: Inspection) {
  if (groupOfKind(request.kind) !== 'dataset') return [];
  if (tagged) return tagged.tags;
  const column = 'labelColumn' in request ? request.labelColumn : undefined;
  if (table && column !== undefined) return table.columns.find(({ name }) => name === column)?.values ?? [];
  if (request.kind === 'image-dataset') return images?.classes ?? [];
  if (request.kind === 'audio-dataset') return sounds?.classes ?? [];
  return text?.classes ?? [];
}

/** Longer trainings than this many seconds are cut, so that there is something to try soon. */
const mostSeconds = 180;
/** But never to fewer updates than this: on a busy computer a person rather waits, or ends it with a click, than tries what has learnt nothing. */
const fewestSteps = 400;

/**
 * The spec with fewer steps or epochs where it would take longer than a person waits for a first look.
 *
 * @param seconds that it would take; null where that is not known
 * @param totalSteps that it would make
 */
export function fitToMinutes(spec: JsonObject, seconds: number | null, totalSteps: number): JsonObject {
  if (seconds === null || seconds <= mostSeconds || !isObject(spec.training)) return spec;
  const share = Math.max(mostSeconds / seconds, fewestSteps / totalSteps);
  if (share >= 1) return spec;
  const { epochs, ...training } = spec.training;
  const isWhole = typeof epochs === 'number' && epochs * share >= 1;
  const length = isWhole ? { epochs: Math.round(epochs * share) } : { steps: Math.round(totalSteps * share) };
  return { ...spec, training: { ...training, ...length } };
}

/** The name, or with a number behind it where it is taken. */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  let number = 2;
  while (taken.has(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}

/** Materials in words: what kind, how much, and which pictures stand for them. */
import { mediumOf } from '../../../../shared/spec/data-kind.ts';
import type { MaterialSummary } from '../../../../shared/contract/materials.ts';
import type { TextEncoding } from '../../../../shared/spec/manifests/text-corpus.ts';
import { alignmentWords, type DatasetTargets } from '../../../../shared/spec/manifests/dataset-targets.ts';
import { formatCount, formatNumber, plural } from '../../../../shared/display.ts';
import type { IconName } from '../../components/icons.ts';

export function isImages(kind: string): boolean {
  return mediumOf(kind) === 'images';
}

/** Encodings by the scripts that they are for. */
export const encodingNames: Readonly<Record<TextEncoding, string>> = {
  'utf-8': 'UTF-8',
  'utf-16le': 'UTF-16, little endian',
  'utf-16be': 'UTF-16, big endian',
  'windows-1252': 'Western European (windows-1252, ISO 8859-1)',
  'windows-1250': 'Central European (windows-1250)',
  'iso-8859-2': 'Central European (ISO 8859-2)',
  'windows-1251': 'Cyrillic (windows-1251)',
  'koi8-r': 'Cyrillic (KOI8-R)',
  'iso-8859-5': 'Cyrillic (ISO 8859-5)',
  'windows-1253': 'Greek (windows-1253, ISO 8859-7)',
  'windows-1254': 'Turkish (windows-1254, ISO 8859-9)',
  'windows-1255': 'Hebrew (windows-1255, ISO 8859-8)',
  'windows-1256': 'Arabic (windows-1256)',
  'iso-8859-6': 'Arabic (ISO 8859-6)',
  'windows-874': 'Thai (windows-874)',
  shift_jis: 'Japanese (Shift JIS)',
  'euc-jp': 'Japanese (EUC-JP)',
  'euc-kr': 'Korean (EUC-KR)',
  gb18030: 'Chinese (GB 18030)',
  big5: 'Chinese (Big5)',
};

export function isAudio(kind: string): boolean {
  return mediumOf(kind) === 'audio';
}

export function materialIcon(kind: string): IconName {
  const icons = { text: 'text', images: 'image', audio: 'sound' } as const;
  const medium = mediumOf(kind);
  return medium === undefined ? 'dataset' : icons[medium];
}

/** `Unlabelled text`, `Labelled images`; kinds that are not known yet are shown as they are. */
export function kindWords(kind: string): string {
  const words: Readonly<Record<string, string>> = {
    'text-corpus': 'Unlabelled text',
    'text-dataset': 'Labelled text',
    'image-corpus': 'Unlabelled images',
    'image-dataset': 'Labelled images',
    'audio-dataset': 'Labelled recordings',
  };
  return words[kind] ?? kind.replaceAll('-', ' ');
}

/** The two or three numbers that say how much there is. */
export function sizeWords({ counts, shape }: Pick<MaterialSummary, 'counts' | 'shape'>): string {
  const parts = ['documents', 'sentences', 'tokens', 'examples', 'images', 'recordings', 'sequences', 'classes']
    .filter((name) => counts[name] !== undefined)
    .map((name) => plural(counts[name] ?? 0, name === 'classes' ? 'class' : name.slice(0, -1), name));
  if (shape !== null) parts.push(`${shape.width} × ${shape.height}${shape.channels === 1 ? ' grey' : ''}`);
  return parts.join(' · ');
}

/** Numbers by their ranges, labels by their examples. */
export function targetWords(targets: DatasetTargets): string {
  if (targets.kind === 'tags') {
    return targets.tags.map(({ name, words }) => `${name} (${formatCount(words)})`).join(', ');
  }
  if (targets.kind === 'several') {
    return targets.labels.map(({ name, examples }) => `${name} (${formatCount(examples)})`).join(', ');
  }
  if (targets.kind === 'alignments') return alignmentWords(targets);
  return targets.targets
    .map(({ name, minimum, maximum }) => `${name} from ${formatNumber(minimum)} to ${formatNumber(maximum)}`)
    .join(', ');
}

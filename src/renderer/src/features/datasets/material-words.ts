/** Materials in words: what kind, how much, and which pictures stand for them. */
import type { MaterialSummary } from '../../../../shared/contract/materials.ts';
import { formatCount } from '../../../../shared/display.ts';
import type { IconName } from '../../components/icons.ts';

export function isImages(kind: string): boolean {
  return kind.startsWith('image');
}

export function materialIcon(kind: string): IconName {
  return isImages(kind) ? 'image' : kind.startsWith('text') ? 'text' : 'dataset';
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
  const parts = ['documents', 'sentences', 'tokens', 'examples', 'images', 'sequences', 'classes']
    .filter((name) => counts[name] !== undefined)
    .map((name) => `${formatCount(counts[name] ?? 0)} ${name}`);
  if (shape !== null) parts.push(`${shape.width} × ${shape.height}${shape.channels === 1 ? ' grey' : ''}`);
  return parts.join(' · ');
}

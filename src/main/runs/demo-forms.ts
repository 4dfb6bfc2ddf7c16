/** How a person asks a task: which page of the demos suits it. Tasks that are not known by name are judged by what they read. */
import type { Demo, DemoForm } from '../../shared/contract/demos.ts';
import type { PipelineInput } from '../nn/index.ts';

const forms: Readonly<Record<string, DemoForm>> = {
  'masked-words': 'masked-words',
  'masked-words-next-sentence': 'masked-words-and-pair',
  'next-sentence': 'sentence-pair',
  'sentence-order': 'sentence-pair',
  'next-word': 'next-word',
  'relative-patch-position': 'patch-position',
  'patch-position': 'patch-position',
  rotation: 'rotation',
  'contrastive-views': 'which-view',
  'text-classification': 'classify-text',
  'image-classification': 'classify-image',
  'audio-classification': 'classify-sound',
};

export function demoFormOf(task: string, inputKind: PipelineInput['kind']): DemoForm {
  if (task === 'transcription') return inputKind === 'frames' ? 'transcribe-sound' : 'transcribe-image';
  return forms[task] ?? formsOfInputs[inputKind];
}

const formsOfInputs: Readonly<Record<PipelineInput['kind'], DemoForm>> = {
  tokens: 'other',
  image: 'classify-image',
  frames: 'classify-sound',
};

/** Something to begin with. */
export function demoExamples(form: DemoForm): Demo['examples'] {
  switch (form) {
    case 'masked-words':
      return [
        { text: 'the man went to the [MASK] .', textPair: null },
        { text: 'she opened the [MASK] and looked at the [MASK] .', textPair: null },
        { text: 'please send your [MASK] to this address .', textPair: null },
      ];
    case 'masked-words-and-pair':
      return [
        { text: 'the man went to the [MASK] .', textPair: null },
        { text: 'the man went to the [MASK] .', textPair: 'he bought a gallon of [MASK] .' },
        { text: 'the man went to the store .', textPair: 'penguins are flightless birds .' },
      ];
    case 'sentence-pair':
      return [
        { text: 'the man went to the store .', textPair: 'he bought a gallon of milk .' },
        { text: 'the man went to the store .', textPair: 'penguins are flightless birds .' },
      ];
    case 'next-word':
      return [{ text: 'once upon a time', textPair: null }];
    default:
      return [];
  }
}

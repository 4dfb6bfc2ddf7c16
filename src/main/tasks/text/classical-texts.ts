/** What classical methods read of labelled texts: the TF-IDF of words, of word pairs, of character n-grams, and both together. */
import {
  characterGrams,
  fitVocabulary,
  tokeniseWords,
  vectoriseWords,
  wordsAndPairs,
} from '../baselines/bag-of-words.ts';
import type { SparseFeatures } from '../baselines/features.ts';
import { besideEachOther } from '../baselines/features.ts';
import { labelsBySide } from '../classification/labelled-classes.ts';
import type { Side } from '../labelled/sides.ts';
import { bySide } from '../labelled/sides.ts';
import type { LabelledFeatures } from '../linear/classes.ts';
import type { ClassicalFeatures } from '../linear/linear-method.ts';
import type { LabelledTexts } from './labelled-texts.ts';

/** With fewer training texts, words that occur in only one of them are kept. */
const FEW_TEXTS = 200;

type TextFeatures = Readonly<Record<Side, SparseFeatures>>;

export function classicalTexts(labelled: LabelledTexts): LabelledFeatures {
  const { dataset, sides } = labelled;
  const textsOf = (side: Side): string[] =>
    Array.from(sides[side], (example) => [dataset.text(example), dataset.textPair(example) ?? ''].join('\n').trimEnd());
  const texts = bySide(textsOf);
  const minimumDocuments = texts.training.length < FEW_TEXTS ? 1 : 2;

  const tfIdf = (
    terms: (text: string) => readonly string[],
    weighting: 'tf-idf' | 'sublinear-tf-idf',
  ): (() => TextFeatures) => {
    let made: TextFeatures | undefined; // they are used alone and beside others
    return () => {
      if (made) return made;
      const vocabulary = fitVocabulary(texts.training, { terms, minimumDocuments });
      return (made = bySide((side) => vectoriseWords(vocabulary, texts[side], weighting)));
    };
  };
  const words = tfIdf(tokeniseWords, 'tf-idf');
  const pairs = tfIdf(wordsAndPairs, 'sublinear-tf-idf');
  const characters = tfIdf(characterGrams, 'sublinear-tf-idf');
  const candidates: ClassicalFeatures[] = [
    { name: 'TF-IDF of words', features: words },
    { name: 'TF-IDF of words and word pairs', features: pairs },
    { name: 'TF-IDF of characters', features: characters },
    {
      name: 'TF-IDF of words and characters',
      features: () => bySide((side) => besideEachOther(words()[side], characters()[side])),
    },
  ];
  return {
    labels: labelsBySide(labelled),
    classes: dataset.classes,
    candidates,
    close: () => {
      dataset.close();
    },
  };
}

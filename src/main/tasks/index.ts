/** Registers every task. Importing this file is what makes them known by name. */
import './masked-words.ts';
import './next-sentence.ts';
import './sentence-order.ts';
import './masked-words-next-sentence.ts';
import './masked-words-sentence-order.ts';
import './masked-words-same-document.ts';
import './next-word.ts';
import './text-classification.ts';
import './transcription.ts';
import './patch-position.ts';
import './contrastive-views.ts';
import './rotation.ts';
import './image-classification.ts';
import './audio-classification.ts';
import './regression.ts';
import './multi-label.ts';
import './token-classification.ts';
import './alignment.ts';
import './speech-synthesis.ts';

export * from './task.ts';

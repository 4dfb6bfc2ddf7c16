/** The form of a demo: what a person types or chooses becomes a query. */
import type { DemoForm } from '../shared/contract/demos.ts';
import type { PredictionQuery } from '../main/tasks/index.ts';
import type { DemoData } from './demo-data.ts';
import { button, element, field } from './elements.ts';
import type { PageNetwork } from './network.ts';
import { drawPicture, readPicture } from './pictures.ts';
import { readRecording } from './sounds.ts';

export interface PageForm {
  readonly element: HTMLFormElement;
  /** What is asked now. Throws an `Error` that says what is missing. */
  query(): PredictionQuery;
}

/** Choices that are shown of each answer. */
const top = 5;

const textForms: Partial<Readonly<Record<DemoForm, { readonly text: string; readonly pair?: string }>>> = {
  'masked-words': { text: 'Text with [MASK] where words are to be filled in' },
  'masked-words-and-pair': {
    text: 'Text, with [MASK] where words are to be filled in',
    pair: 'Second text, if there is one',
  },
  'sentence-pair': { text: 'First text', pair: 'Second text' },
  'next-word': { text: 'Beginning of a text' },
  'classify-text': { text: 'Text' },
  'classify-pair': { text: 'First text', pair: 'Second text' },
  'estimate-text': { text: 'Text' },
  'label-text': { text: 'Text' },
  'tag-text': { text: 'Text' },
  'align-pair': { text: 'First sequence', pair: 'Second sequence' },
  'speak-text': { text: 'Text to be spoken' },
  other: { text: 'Text' },
};

/** @param onAsk called when the form is sent */
export function createForm(data: DemoData, network: PageNetwork, onAsk: () => void): PageForm {
  const ask = element('button', { type: 'submit', class: 'primary' }, 'Ask');
  const form = element('form', { 'aria-label': 'Question' });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    onAsk();
  });
  const texts = textForms[data.form];
  if (texts) return textForm(form, texts, data, ask);
  return network.facts.audio ? soundForm(form, network, ask) : pictureForm(form, network, ask, onAsk);
}

function textForm(
  form: HTMLFormElement,
  labels: { readonly text: string; readonly pair?: string },
  { examples }: DemoData,
  ask: HTMLButtonElement,
): PageForm {
  const text = element('textarea', { rows: '3', spellcheck: 'false' });
  const pair = element('textarea', { rows: '2', spellcheck: 'false' });
  const take = (example: DemoData['examples'][number] | undefined): void => {
    text.value = example?.text ?? '';
    pair.value = example?.textPair ?? '';
  };
  take(examples[0]);
  const suggestions = examples.slice(0, 4).map((example) =>
    button(example.textPair === null ? example.text : `${example.text} | ${example.textPair}`, () => {
      take(example);
      text.focus();
    }),
  );
  form.append(field(labels.text, text));
  if (labels.pair !== undefined) form.append(field(labels.pair, pair));
  if (suggestions.length > 1) {
    form.append(element('div', { class: 'suggestions', role: 'group', 'aria-label': 'Examples' }, ...suggestions));
  }
  form.append(element('div', { class: 'actions' }, ask));
  return {
    element: form,
    query: () => ({ top, text: text.value, ...(pair.value.trim() !== '' && { textPair: pair.value }) }),
  };
}

function pictureForm(
  form: HTMLFormElement,
  { facts }: PageNetwork,
  ask: HTMLButtonElement,
  onAsk: () => void,
): PageForm {
  const { images } = facts;
  if (!images) throw new Error('This model does not say which pictures it reads');
  const file = element('input', { type: 'file', accept: 'image/*' });
  const shown = element('div', { class: 'shown' });
  let picture: PredictionQuery['image'];
  const take = async (chosen: Blob | undefined): Promise<void> => {
    if (!chosen) return;
    picture = await readPicture(chosen, images);
    shown.replaceChildren(drawPicture(picture, 'The picture as the network sees it'));
  };
  const takeAndAsk = (chosen: Blob | undefined): void => {
    take(chosen).then(onAsk, (error: unknown) => {
      shown.replaceChildren(element('p', { class: 'problem' }, `The picture cannot be read: ${String(error)}`));
    });
  };
  file.addEventListener('change', () => {
    takeAndAsk(file.files?.[0]);
  });
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    takeAndAsk(event.dataTransfer?.files[0]);
  });
  const size = `${String(images.width)} × ${String(images.height)} pixels${images.channels === 1 ? ', grey' : ''}`;
  form.append(
    field('Picture', file, `Choose a file, or drop one onto the page; the network sees ${size}`),
    shown,
    element('div', { class: 'actions' }, ask),
  );
  return {
    element: form,
    query() {
      if (!picture) throw new Error('Choose a picture first');
      return { top, image: picture };
    },
  };
}

function soundForm(form: HTMLFormElement, { facts }: PageNetwork, ask: HTMLButtonElement): PageForm {
  const { audio } = facts;
  if (!audio) throw new Error('This model does not say how recordings become frames');
  const file = element('input', { type: 'file', accept: 'audio/*' });
  const shown = element('div', { class: 'shown', role: 'status' });
  let recording: PredictionQuery['recording'];
  file.addEventListener('change', () => {
    const chosen = file.files?.[0];
    if (!chosen) return;
    readRecording(chosen, audio).then(
      (read) => {
        recording = read;
        shown.replaceChildren(`${chosen.name}: read`);
      },
      (error: unknown) => {
        shown.replaceChildren(element('p', { class: 'problem' }, `The recording cannot be read: ${String(error)}`));
      },
    );
  });
  form.append(field('Recording', file, 'A WAV file'), shown, element('div', { class: 'actions' }, ask));
  return {
    element: form,
    query() {
      if (!recording) throw new Error('Choose a recording first');
      return { top, recording };
    },
  };
}

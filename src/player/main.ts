/**
 * A trained model in one page, which works without a network connection and sends nothing anywhere. The model, its weights and
 * this program are in the page; what computes is the lab's own code, so the answers are those of `pretext predict`.
 */
import './no-code-from-text.ts';
import type { PredictionAnswer, PredictionQuery } from '../main/tasks/index.ts';
import { findTask } from '../main/tasks/index.ts';
import { messageOf } from '../shared/errors.ts';
import { answerTables } from './answers.ts';
import type { DemoData } from './demo-data.ts';
import { demoElements } from './demo-data.ts';
import { button, element } from './elements.ts';
import { createForm } from './forms.ts';
import type { PageNetwork } from './network.ts';
import { openNetwork } from './network.ts';
import { patchQuiz } from './patch-quiz.ts';

/** Words that a language model adds at a time. */
const continuation = { tokens: 20, temperature: 0.8 };

const themes = ['system', 'light', 'dark'] as const;

async function start(): Promise<void> {
  const data = JSON.parse(textOf(demoElements.model)) as DemoData; // written by the lab
  // The page below takes the place of the data.
  const weights = bytesOf(demoElements.weights);
  const binary = bytesOf(demoElements.binary);
  const status = element('p', { role: 'status', class: 'note' }, 'Opening the network …');
  const answers = element('div', { class: 'answers', 'aria-live': 'polite' });
  const body = element('main', {}, ...heading(data), status);
  document.body.replaceChildren(body, footer(data));
  try {
    const network = await openNetwork(data, weights.buffer, binary.length > 0 ? binary : undefined);
    document.body.dataset.backend = network.backend;
    status.replaceChildren('');
    body.append(...page(data, network, status, answers));
  } catch (error) {
    status.replaceChildren(`The network cannot be opened: ${messageOf(error)}`);
    status.className = 'problem';
  }
}

function textOf(id: string): string {
  return document.getElementById(id)?.textContent ?? '';
}

/** What is in the page as base64; empty where the element is not there. */
function bytesOf(id: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(textOf(id)), (character) => character.charCodeAt(0));
}

function heading({ name, task }: DemoData): HTMLElement[] {
  return [
    element('h1', {}, name),
    element(
      'p',
      { class: 'note' },
      `${findTask(task.type).title}. Everything is computed in this page; nothing is sent anywhere.`,
    ),
  ];
}

function page(data: DemoData, network: PageNetwork, status: HTMLElement, answers: HTMLElement): HTMLElement[] {
  let isBusy = false;
  /** One question at a time; what went wrong is said where the answer would be. */
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    status.className = 'note';
    status.replaceChildren('Computing …');
    await new Promise((resume) => setTimeout(resume)); // the words are to be seen before the page is busy
    try {
      await work();
      status.replaceChildren('');
    } catch (error) {
      answers.replaceChildren();
      status.className = 'problem';
      status.replaceChildren(messageOf(error));
    } finally {
      isBusy = false;
    }
  };
  const form = createForm(data, network, () => void attempt(ask));
  const ask = async (): Promise<void> => {
    const query = form.query();
    show(query, await network.ask(query));
  };
  const show = (query: PredictionQuery, found: readonly PredictionAnswer[]): void => {
    if (data.form !== 'patch-position' || !query.image) {
      answers.replaceChildren(...answerTables(found));
      return;
    }
    const { image } = query;
    const quiz = (place: number): HTMLElement =>
      patchQuiz(image, patchOptions(data.task), found, place, () => {
        answers.replaceChildren(quiz((place + 3) % 8), ...answerTables(found));
      });
    answers.replaceChildren(quiz(Math.floor(Math.random() * 8)), ...answerTables(found));
  };
  const { generate } = network;
  if (generate) {
    const goOn = async (): Promise<void> => {
      const { text } = form.query();
      if (text === undefined || text.trim() === '') throw new Error('Write the beginning of a text first');
      const shown = element('p', { class: 'continued' }, text);
      answers.replaceChildren(shown);
      const seed = Math.floor(Math.random() * 2 ** 31);
      for await (const one of generate({ text, ...continuation, seed })) {
        shown.replaceChildren(one.text);
        await new Promise((resume) => setTimeout(resume));
      }
    };
    form.element.querySelector('.actions')?.append(button('Continue the text', () => void attempt(goOn)));
  }
  return [form.element, answers];
}

/** Sizes of the task's patches, where it says them. */
function patchOptions(task: DemoData['task']): Parameters<typeof patchQuiz>[1] {
  const numberOf = (name: string): number | undefined => (typeof task[name] === 'number' ? task[name] : undefined);
  return { patchSize: numberOf('patchSize'), gap: numberOf('gap'), jitter: numberOf('jitter') };
}

function footer({ origin, lab }: DemoData): HTMLElement {
  const theme = element('select', { 'aria-label': 'Colours' }, ...themes.map((name) => element('option', {}, name)));
  theme.addEventListener('change', () => {
    if (theme.value === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
  return element('footer', {}, element('p', { class: 'note' }, `${origin}. Pretext Lab ${lab}`), theme);
}

void start();

/**
 * The columns that answers are written in. Tasks with one question about each example have a row for it: what is likeliest, and the
 * probability of every class or the next best. Others have a row for each question, which is a column then.
 */
import type { DemoForm } from '../../../shared/contract/demos.ts';
import type { PredictionAnswer, TaskDefinition, TaskFacts } from '../../tasks/index.ts';
import { demoFormOf } from '../../tasks/demo-form.ts';
import type { OutputCell, OutputColumn } from './output-table.ts';

export interface AnswerColumns {
  readonly columns: readonly OutputColumn[];
  /** Choices to ask for. */
  readonly top: number;
  /** A row of cells for each answer that is written. */
  rows(answers: readonly PredictionAnswer[]): readonly (readonly OutputCell[])[];
}

/** Of these, every example has one question, and the answer is one of the classes. */
const classForms: ReadonlySet<DemoForm> = new Set([
  'classify-text',
  'classify-pair',
  'classify-image',
  'classify-sound',
  'sentence-pair',
]);
/** One question, and an answer of any kind. */
const openForms: ReadonlySet<DemoForm> = new Set(['transcribe-image', 'transcribe-sound', 'next-word']);

const defaultTop = 5;

/** @param top so many of the likeliest answers; without it all classes, or the 5 likeliest answers to questions without classes */
export function answerColumns(
  task: Pick<TaskDefinition<unknown>, 'demo'>,
  { input, classes, targets, labelSet, tags }: TaskFacts,
  top: number | undefined,
): AnswerColumns {
  if (targets) return numberColumns(targets.names);
  if (tags) return taggedWords();
  if (labelSet) return severalLabels(labelSet.names);
  const form = demoFormOf(task, input.kind);
  if (form === 'align-pair') return alignedRows();
  const isOpen = openForms.has(form);
  if (classForms.has(form) && classes && top === undefined) return everyClass(classes);
  const count = top ?? (isOpen ? 1 : defaultTop);
  const best = likeliest(count);
  const hasOneQuestion = isOpen || classForms.has(form);
  return {
    columns: [...(hasOneQuestion ? [] : [{ name: 'question', type: 'text' } as const]), ...best],
    top: count,
    rows: (answers) =>
      answers.map(({ question, choices }) => [...(hasOneQuestion ? [] : [question]), ...cellsOf(choices, count)]),
  };
}

/** A text as its words and their tags, both apart by blanks. */
function taggedWords(): AnswerColumns {
  return {
    columns: [
      { name: 'words', type: 'text' },
      { name: 'tags', type: 'text' },
    ],
    top: 1,
    rows: (answers) =>
      answers.map(({ words = [] }) => [words.map(({ word }) => word).join(' '), words.map(({ tag }) => tag).join(' ')]),
  };
}

/** Whether two sequences are related, and the rows of their alignment. */
function alignedRows(): AnswerColumns {
  return {
    columns: [
      { name: 'p(related)', type: 'number' },
      { name: 'first', type: 'text' },
      { name: 'second', type: 'text' },
    ],
    top: 2,
    rows: (answers) =>
      answers.map(({ choices, alignment }) => [
        choices.find(({ label }) => label === 'related')?.probability ?? null,
        alignment?.first ?? null,
        alignment?.second ?? null,
      ]),
  };
}

/** The labels that are answered, and the probability of each. */
function severalLabels(names: readonly string[]): AnswerColumns {
  return {
    columns: [
      { name: 'labels', type: 'text' },
      ...names.map((name) => ({ name: `p(${name})`, type: 'number' }) as const),
    ],
    top: names.length,
    rows: (answers) =>
      answers.map(({ choices }) => {
        const probabilities = new Map(choices.map(({ label, probability }) => [label, probability]));
        const chosen = choices.flatMap(({ label, isChosen }) => (isChosen ? [label] : []));
        return [chosen.join('; '), ...names.map((name) => probabilities.get(name) ?? null)];
      }),
  };
}

/** A column for each target. */
function numberColumns(names: readonly string[]): AnswerColumns {
  return {
    columns: names.map((name) => ({ name: `prediction(${name})`, type: 'number' })),
    top: 1,
    rows: (answers) => [answers.map(({ value }) => value ?? null)],
  };
}

function everyClass(classes: readonly string[]): AnswerColumns {
  return {
    columns: [...likeliest(1), ...classes.map((name) => ({ name: `p(${name})`, type: 'number' }) as const)],
    top: classes.length,
    rows: (answers) =>
      answers.map(({ choices }) => {
        const probabilities = new Map(choices.map(({ label, probability }) => [label, probability]));
        return [...cellsOf(choices, 1), ...classes.map((name) => probabilities.get(name) ?? null)];
      }),
  };
}

function likeliest(count: number): OutputColumn[] {
  return Array.from({ length: count }, (_, index) => {
    const number = index === 0 ? '' : `_${index + 1}`;
    return [
      { name: `prediction${number}`, type: 'text' } as const,
      { name: `probability${number}`, type: 'number' } as const,
    ];
  }).flat();
}

function cellsOf(choices: PredictionAnswer['choices'], count: number): OutputCell[] {
  return Array.from({ length: count }, (_, index) => {
    const choice = choices[index];
    return [choice?.label ?? null, choice?.probability ?? null];
  }).flat();
}

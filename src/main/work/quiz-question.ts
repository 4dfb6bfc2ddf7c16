/** What a person is asked of an example, among which choices, and what the model said to it. */
import type { z } from 'zod';
import type { quizQuestion as questionSpec } from '../../shared/contract/demos.ts';
import type { ExampleAnswer } from '../tasks/index.ts';

type QuizQuestion = z.input<typeof questionSpec>;

export interface AskedExample extends Pick<QuizQuestion, 'id' | 'items'> {
  readonly answer: ExampleAnswer;
}

/** Numbers, and tags, that there are to choose from. */
const MOST_CHOICES = 5;
const MOST_TAGS = 12;

/**
 * @param asked all examples of the quiz: numbers and tags are told from those of the others
 * @param classes of a task with classes
 */
export function quizQuestion(
  answer: ExampleAnswer,
  asked: readonly AskedExample[],
  classes: readonly string[],
): Pick<QuizQuestion, 'choices' | 'truth' | 'answer'> {
  const { kind, question, choices: given, truth } = answer;
  const others = asked.map((one) => one.answer).filter((one) => one.kind === kind);
  switch (kind) {
    case 'class':
      // Where the task has no classes of its own, such as related and unrelated pairs, the answer has them all.
      return withTruth(truth, classes.length > 0 ? [...classes] : given.map(({ label }) => label).sort(), {
        question,
        choices: given,
      });
    case 'label':
      return withTruth(truth, ['yes', 'no'], { question: `Does the label “${question}” apply?`, choices: given });
    case 'tag': {
      const tags = [...new Set([truth, ...given.map(({ label }) => label), ...others.map((one) => one.truth)])];
      return withTruth(truth, tags.slice(0, MOST_TAGS).sort(), {
        question: `Which tag does “${question}” have?`,
        choices: given,
      });
    }
    case 'number': {
      const same = others.filter((one) => one.question === question).map((one) => one.truth);
      const numbers = [...new Set([truth, ...same])].slice(0, MOST_CHOICES).sort((a, b) => valueOf(a) - valueOf(b));
      const [said] = given;
      const value = valueOf(said?.label ?? '');
      // Who predicts a number chooses the one that is nearest.
      const nearest = numbers.reduce((a, b) => (Math.abs(valueOf(b) - value) < Math.abs(valueOf(a) - value) ? b : a));
      return withTruth(truth, numbers, {
        question: `${question}: which number? The model predicts ${said?.label ?? 'none'} and chooses the nearest`,
        choices: [{ label: nearest, probability: said?.probability ?? 0 }],
      });
    }
    default:
      return withTruth(
        truth,
        given.map(({ label }) => label),
        { question, choices: given },
      );
  }
}

function withTruth(truth: string, choices: string[], answer: QuizQuestion['answer']) {
  return { choices: choices.includes(truth) ? choices : [...choices, truth], truth, answer };
}

/** Of a number as people read it. */
function valueOf(shown: string): number {
  return Number(shown.replaceAll(/[\s,\u202f]/gu, '').replace('−', '-'));
}

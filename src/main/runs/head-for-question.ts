/** Which head of an imported model a question is for, where nobody names one: forms of demos say what a task is asked. */
import type { DemoForm } from '../../shared/contract/demos.ts';
import { hasMasks } from '../tasks/text/prediction.ts';
import type { HeadThatAnswers } from './model-network.ts';

const answersAs = (...forms: readonly DemoForm[]): HeadThatAnswers['answers'] => {
  const known = new Set<DemoForm | undefined>(forms);
  return ({ demo }) => known.has(demo?.form('tokens'));
};

/** Language models. */
export const headThatContinues: HeadThatAnswers = {
  what: 'that continues texts',
  answers: ({ generate }) => generate !== undefined,
};

const headThatFillsMasks: HeadThatAnswers = {
  what: 'that fills in [MASK]s',
  answers: answersAs('masked-words', 'masked-words-and-pair'),
};

const headForPairs: HeadThatAnswers = {
  what: 'that judges a pair of texts',
  answers: answersAs('sentence-pair', 'masked-words-and-pair', 'classify-pair'),
};

/** Undefined where the question says nothing: then the first head that came along answers. */
export function headForQuestion(text: string | undefined, second: string | undefined): HeadThatAnswers | undefined {
  if (text !== undefined && hasMasks(text)) return headThatFillsMasks;
  return second === undefined ? undefined : headForPairs;
}

/** What a tagger has wrong on a split, by kind, with the sentences. */
import { setImmediate } from 'node:timers/promises';
import type { TagErrors, TagErrorsInput } from '../../shared/contract/tag-errors.ts';
import { LabError } from '../../shared/errors.ts';
import { checkpointStep } from '../runs/prepare.ts';
import { areEntityTags, entitiesOf, repairedTags, wordsAsEntities } from '../tasks/tagging/entities.ts';
import type { TagError } from '../tasks/tagging/errors.ts';
import { errorsOf } from '../tasks/tagging/errors.ts';
import { questionFeeds } from '../tasks/index.ts';
import { findRun } from '../workspace/runs.ts';
import { answersTo, exampleCount, openExampleModel, openRunData } from './validation-examples.ts';
import type { WorkContext } from './work-context.ts';

interface TaggedSentence extends Pick<TagErrors['sentences'][number], 'actual' | 'predicted'> {
  readonly errors: readonly TagError[];
}

interface TaggedSplit {
  readonly hasEntities: boolean;
  readonly sentences: readonly TaggedSentence[];
}

/** Answers to a whole split are computed once for each run and checkpoint. */
const known = new Map<string, TaggedSplit>();
const remembered = 4;

/** Throws `LabError('bad-input')` for a run that tags no words. */
export async function tagErrors(context: WorkContext, input: TagErrorsInput): Promise<TagErrors> {
  const { hasEntities, sentences } = await tagSplit(context, input);
  const counts = new Map<string, { actual: string | null; predicted: string | null; count: number }>();
  for (const { errors } of sentences) {
    for (const { actual, predicted } of errors) {
      const key = JSON.stringify([actual, predicted]);
      const found = counts.get(key) ?? { actual, predicted, count: 0 };
      counts.set(key, { ...found, count: found.count + 1 });
    }
  }
  const { kind, offset, limit } = input;
  const isAsked = ({ actual, predicted }: TagError): boolean =>
    kind === undefined || (actual === kind.actual && predicted === kind.predicted);
  const chosen = sentences.filter(({ errors }) => errors.some(isAsked));
  return {
    hasEntities,
    kinds: [...counts.values()].sort((a, b) => b.count - a.count),
    total: chosen.length,
    sentences: chosen.slice(offset, offset + limit).map(({ actual, predicted }) => ({ actual, predicted })),
  };
}

async function tagSplit(context: WorkContext, { id, split }: TagErrorsInput): Promise<TaggedSplit> {
  const run = await findRun(context.workspace, id);
  using data = await openRunData(context.workspace, run);
  const { tags } = data.prepared.model.facts;
  if (!tags) throw new LabError('bad-input', `${id} tags no words`, { run: id });
  const step = await checkpointStep(run, 'best');
  const key = `${run.folder}:${split}:${step}`;
  const before = known.get(key);
  if (before) return before;
  const hasEntities = areEntityTags(tags);
  const read = hasEntities ? entitiesOf : wordsAsEntities;
  await using model = await openExampleModel(run, data, step);
  const sentences: TaggedSentence[] = [];
  const total = exampleCount(data, split);
  for (let index = 0; index < total; index += 1) {
    if (index % 16 === 0) {
      await setImmediate();
      context.signal.throwIfAborted();
      context.progress({ phase: 'Tagging', done: index, total, unit: 'sentences', skipped: 0 });
    }
    const feeds = questionFeeds(data.prepared.sampler, split, index);
    const answers = answersTo(data, await model.run(feeds), feeds, 1).filter(({ kind }) => kind === 'tag');
    const truth = answers.map((answer) => answer.truth);
    const answered = answers.map(({ choices: [said] }) => said?.label ?? '');
    // As they are understood, whichever of the schemes they are written in.
    const shown = hasEntities ? repairedTags : (tagsOfWords: readonly string[]) => tagsOfWords;
    const [actual, predicted] = [shown(truth), shown(answered)];
    sentences.push({
      actual: answers.map(({ question }, word) => ({ word: question, tag: actual[word]!, probability: 1 })),
      predicted: answers.map(({ question, choices: [said] }, word) => ({
        word: question,
        tag: predicted[word]!,
        probability: said?.probability ?? 0,
      })),
      errors: errorsOf(read(truth), read(answered)),
    });
  }
  const made = { hasEntities, sentences };
  known.set(key, made);
  for (const oldest of known.keys()) {
    if (known.size <= remembered) break;
    known.delete(oldest);
  }
  return made;
}

/** Next word: a language model over a corpus, which predicts each token from those before it (Mikolov et al. 2010). */
import { z } from 'zod';
import { input } from '../graph/index.ts';
import { declareInputs } from '../nn/pipeline.ts';
import { defineTask } from './task.ts';
import { nextWordBaselines } from './text/baselines.ts';
import { corpusOptions } from './text/corpus-options.ts';
import { nextWordEvaluation } from './text/evaluations.ts';
import { encodePrompt, generateTokens, nextProbabilities, showBeginning } from './text/generation.ts';
import { openTextMaterial, requireSides } from './text/material.ts';
import { nextWordHead } from './text/next-word-head.ts';
import { createNextWordSampler } from './text/next-word-sampler.ts';
import { lengthOf, requireText, tokenizerOf } from './text/prediction.ts';
import { openTokenStream } from './text/token-stream.ts';
import { tokenTexts } from './text/vocabulary.ts';
import { nextAnswers } from './text/answers.ts';
import { likeliest } from './likeliest.ts';
import { namedLoss } from './named-loss.ts';

/** Of a window, in tokens, and of a batch, in windows. */
const USUAL_LENGTH = 64;
const USUAL_ROWS = 32;

const options = z
  .strictObject({
    ...corpusOptions,
    length: corpusOptions.length.default(USUAL_LENGTH).describe('Tokens of a window, through which errors flow back'),
    state: z
      .enum(['carried', 'reset'])
      .default('carried')
      .describe(
        'carried: windows follow each other and recurrent layers go on from the state of the one before (truncated back-propagation); reset: windows in random order, each from nothing',
      ),
    evaluationContext: z
      .int()
      .min(0)
      .default(0)
      .describe('Of each evaluated window, the first tokens that are read as context and not scored'),
    dropout: z.number().min(0).max(0.9).default(0.1).describe('Dropout of the states before the output layer'),
  })
  .refine(({ length, evaluationContext }) => evaluationContext < length, {
    message: 'evaluationContext leaves nothing of a window to be scored: it must be less than length',
    path: ['evaluationContext'],
  });

export type NextWordOptions = z.infer<typeof options>;

const needs = { minimumDocuments: 1, minimumSentences: 1 };

defineTask<NextWordOptions>({
  type: 'next-word',
  title: 'Next word',
  summary: 'Predicts each token of a text from those before it: a language model.',
  kind: 'pretext',
  data: ['text-corpus'],
  options,
  metrics: ['perplexity', 'accuracy', 'loss'],
  selection: { metric: 'loss', direction: 'minimise' },
  openSampler(setup) {
    const { options: settings, splitSeed } = setup;
    const material = openTextMaterial(setup, needs);
    const { corpus, split } = material;
    const { separate } = corpus.tokenizer.special;
    const stream = (side: keyof typeof split) => openTokenStream(corpus, split[side], separate);
    const streams = { training: stream('training'), validation: stream('validation'), test: stream('test') };
    const { length, evaluationContext: context } = settings;
    requireSides(material, settings, (side) => streams[side].length - (side === 'training' ? 0 : context) > length);
    return createNextWordSampler({
      streams,
      tokenizer: corpus.tokenizer,
      length,
      context,
      isCarried: settings.state === 'carried',
      splitSeed,
      evaluationExamples: settings.evaluationExamples,
      close: () => {
        corpus.close();
      },
    });
  },
  build(context, backbone, { state, dropout }) {
    const { program, mode, batchSize } = context;
    const inputs = declareInputs(context);
    const isCarried = mode === 'training' && state === 'carried';
    const carry = isCarried ? { carry: input(program, 'carry', 'float32', [batchSize]) } : {};
    const loss = nextWordHead(context, backbone({ ...inputs, ...carry }), dropout);
    return namedLoss(program, loss);
  },
  evaluation: () => nextWordEvaluation(),
  async baselines(sampler, _settings, setup, signal) {
    const { corpus, vocabulary, split } = openTextMaterial(setup, needs);
    try {
      const training = openTokenStream(corpus, split.training, vocabulary.special.separate);
      return nextWordBaselines(training, vocabulary.size, sampler, signal);
    } finally {
      corpus.close();
    }
  },
  answers: nextAnswers,
  demo: { form: () => 'next-word', examples: [{ text: 'once upon a time', textPair: null }] },
  suggested: {
    presets: ['lstm-lm'], // most other networks see what comes
    // A state that is carried needs a stretch of the text for each row of a batch.
    trainingOn: ({ tokens = Infinity }) => ({
      batchSize: Math.min(USUAL_ROWS, Math.max(1, Math.floor((0.8 * tokens) / (USUAL_LENGTH + 1)))),
    }),
  },
  async predict(model, { text, top }) {
    const tokenizer = tokenizerOf(model);
    const beginning = requireText(text, 'the beginning of a text');
    const ids = encodePrompt(tokenizer, beginning);
    const before = showBeginning(tokenizer, ids.slice(1));
    const choices = likeliest(await nextProbabilities(model, ids), top).map(({ id, probability }) => {
      const label = tokenTexts(tokenizer, [id])[0]!;
      return { label, probability, ...(tokenizer.spacing === '' && { continuation: `${beginning}${label}` }) };
    });
    const question = tokenizer.spacing === '' ? `${before}…` : `${before} …`;
    return [{ question, choices, isTruncated: ids.length > lengthOf(model) }];
  },
  generate: (model, query) =>
    generateTokens(model, { ...query, text: requireText(query.text, 'the beginning of a text') }),
});

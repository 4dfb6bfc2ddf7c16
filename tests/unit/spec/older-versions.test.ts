/** Version 1 of experiments, studies and pipelines: every name that has changed, and what is said where no version stands. */
import { describe, expect, it } from 'vitest';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { parseSpecText, withSettings } from '../../../src/main/runs/spec-file.ts';
import { parseStudy, planStudy } from '../../../src/main/runs/study-plan.ts';
import { isLabError } from '../../../src/shared/errors.ts';
import { migrateStoredExperiment } from '../../../src/shared/spec/experiment/index.ts';
import { storedPipeline } from '../../../src/shared/spec/pipeline.ts';
import { migrateStoredStudy } from '../../../src/shared/spec/study-versions.ts';

interface Case {
  readonly task?: string;
  readonly pipeline?: string;
  readonly more?: string;
}

const spec = ({ task = 'masked-words', pipeline = 'bert-tiny', more = '' }: Case, version = ''): string =>
  `${version}\nname: a\ntask: ${task}\ndata: d\npipeline: ${pipeline}\n${more}`;

const parse = (text: string, settings: readonly string[] = []) =>
  parseExperiment(withSettings(parseSpecText(text, 'x.yaml'), settings));

const classes = (option: string): Case => ({ task: `{type: text-classification, ${option}}` });
const words = (option: string): Case => ({ task: `{type: masked-words, ${option}}` });
const preset = (name: string, option: string): Case => ({ pipeline: `{preset: ${name}, options: {${option}}}` });
const training = (option: string): Case => ({ more: `training: {${option}}` });
const block = (type: string, option: string, port: string): Case => ({
  pipeline: `{blocks: [{id: one, type: ${type}, options: {${option}}, inputs: {${port}: input.${port}}}], outputs: {sequence: one}}`,
});

const renamed: readonly (readonly [former: string, Case, present: string, Case])[] = [
  ['maskedShare', words('maskedShare: 0.3'), 'maskProbability', words('maskProbability: 0.3')],
  [
    'evaluationMaskedShare',
    words('evaluationMaskedShare: 0.3'),
    'evaluationMaskProbability',
    words('evaluationMaskProbability: 0.3'),
  ],
  ['keepShare', words('keepShare: 0.2'), 'keepProbability', words('keepProbability: 0.2')],
  ['randomShare', words('randomShare: 0.2'), 'randomProbability', words('randomProbability: 0.2')],
  [
    'shortSequenceShare',
    { task: '{type: next-sentence, shortSequenceShare: 0.2}' },
    'shortSequenceProbability',
    { task: '{type: next-sentence, shortSequenceProbability: 0.2}' },
  ],
  ['validationShare', classes('validationShare: 0.3'), 'validationFraction', classes('validationFraction: 0.3')],
  ['testShare', classes('testShare: 0.3'), 'testFraction', classes('testFraction: 0.3')],
  ['labelsInAll', classes('labelsInAll: 30'), 'labelBudget.total', classes('labelBudget: {total: 30}')],
  ['labelsPerClass', classes('labelsPerClass: 3'), 'labelBudget.perClass', classes('labelBudget: {perClass: 3}')],
  ['accumulation', training('accumulation: 2'), 'gradientAccumulationSteps', training('gradientAccumulationSteps: 2')],
  [
    'layerDecay',
    training('layerDecay: 0.9'),
    'layerwiseLearningRateDecay',
    training('layerwiseLearningRateDecay: 0.9'),
  ],
  ['features', preset('bert-tiny', 'features: 64'), 'hiddenSize', preset('bert-tiny', 'hiddenSize: 64')],
  [
    'feedForward',
    preset('modern-tiny', 'feedForward: 64'),
    'feedForwardSize',
    preset('modern-tiny', 'feedForwardSize: 64'),
  ],
  [
    'ratingFeatures',
    preset('bilstm-attention', 'ratingFeatures: 8'),
    'attentionSize',
    preset('bilstm-attention', 'attentionSize: 8'),
  ],
  [
    'memorySpan',
    preset('lstm-lm', 'memorySpan: 8'),
    'chronoMaximumTimescale',
    preset('lstm-lm', 'chronoMaximumTimescale: 8'),
  ],
  [
    'features',
    block('token-embedding', 'features: 8', 'tokens'),
    'hiddenSize',
    block('token-embedding', 'hiddenSize: 8', 'tokens'),
  ],
  [
    'features',
    block('patch-embedding', 'features: 8', 'image'),
    'hiddenSize',
    block('patch-embedding', 'hiddenSize: 8', 'image'),
  ],
  [
    'features',
    block('recurrent', 'features: 8', 'frames'),
    'hiddenSize',
    block('recurrent', 'hiddenSize: 8', 'frames'),
  ],
  [
    'features',
    block('attention-pooling', 'features: 8', 'frames'),
    'attentionSize',
    block('attention-pooling', 'attentionSize: 8', 'frames'),
  ],
  [
    'feedForward',
    block('transformer-encoder', 'feedForward: 8', 'frames'),
    'feedForwardSize',
    block('transformer-encoder', 'feedForwardSize: 8', 'frames'),
  ],
  [
    'memorySpan',
    block('recurrent', 'memorySpan: 8', 'frames'),
    'chronoMaximumTimescale',
    block('recurrent', 'chronoMaximumTimescale: 8', 'frames'),
  ],
];

describe.each(renamed)('%s', (former, old, present, now) => {
  it(`is ${present} in an experiment of version 1`, () => {
    expect(parse(spec(old, 'version: 1'))).toEqual(parse(spec(now)));
  });

  it('is refused with its present name where no version says that the experiment is old', () => {
    const problem = problemOf(() => parse(spec(old)));
    expect(problem).toContain(`${former} is called ${present} now`);
  });
});

describe('names that stayed, and values that changed', () => {
  it('are the features of a dense layer, and of the preset that ends with one', () => {
    for (const pipeline of [preset('patch-cnn', 'features: 8'), block('dense', 'features: 8', 'vector')]) {
      expect(parse(spec(pipeline, 'version: 1'))).toEqual(parse(spec(pipeline)));
    }
  });

  it('are those of the recurrent cell', () => {
    const old = preset('lstm-lm', 'cell: simple');
    expect(parse(spec(old, 'version: 1'))).toEqual(parse(spec(preset('lstm-lm', 'cell: rnn'))));
    expect(problemOf(() => parse(spec(old)))).toContain('"simple" is called "rnn" now');
  });
});

it('settings of the command line are told their present names, and have precedence in an old experiment', () => {
  expect(problemOf(() => parse(spec({}), ['task.maskedShare=0.3']))).toBe(
    '--set task.maskedShare=0.3: task.maskedShare: maskedShare is called maskProbability now',
  );
  const old = spec({ ...words('maskedShare: 0.3'), ...training('accumulation: 2') }, 'version: 1');
  expect(parse(old, ['task.maskProbability=0.5', 'training.accumulation=4'])).toMatchObject({
    task: { maskProbability: 0.5 },
    training: { gradientAccumulationSteps: 4 },
  });
});

const study = (version: string, names: readonly string[]): string => {
  const [share, decay, total, perClass, steps, features, cell] = names;
  return `
${version}
name: compared
experiment:
  task: {type: text-classification, ${share}: 0.4}
  data: d
  pipeline: {preset: lstm-lm, options: {${features}: 16}}
  training: {steps: 6, ${decay}: 0.9}
arms:
  - {name: first, settings: {pipeline.options.${features}: 8}, tune: {training.${steps}: [1, 2]}}
  - {name: cells, settings: {pipeline.options.cell: ${cell}}, tune: {pipeline.options.cell: [lstm, ${cell}]}}
  - {name: other, settings: {pipeline: {preset: rnn-classifier, options: {${features}: 8}}}, tune: {training.${decay}: [1, 0.5]}}
conditions:
  - {name: few, settings: {${total}}}
  - {name: each, settings: {${perClass}}}
seeds: [1]`;
};
const formerNames = ['testShare', 'layerDecay', 'task.labelsInAll: 10', 'task: {labelsPerClass: 2}', 'accumulation', 'features', 'simple']; // prettier-ignore
const presentNames = ['testFraction', 'layerwiseLearningRateDecay', 'task.labelBudget.total: 10', 'task: {labelBudget: {perClass: 2}}', 'gradientAccumulationSteps', 'hiddenSize', 'rnn']; // prettier-ignore

function cellsOf(value: unknown): unknown {
  const source = { value, locate: () => 'study.yaml' };
  return planStudy(parseStudy(source), source);
}

const valueOf = (text: string): unknown => parseSpecText(text, 'study.yaml').value;

// A condition that sets the whole task would lose its type.
const whole = (text: string): string => text.replace('task: {label', 'task: {type: text-classification, label');

describe('a study of version 1', () => {
  const now = cellsOf(valueOf(whole(study('', presentNames))));

  it('plans the same runs as under the present names', () => {
    expect(cellsOf(valueOf(whole(study('version: 1', formerNames))))).toEqual(now);
  });

  it('that the lab has kept without its version does so too, and one of today stays as it is', () => {
    expect(cellsOf(migrateStoredStudy(valueOf(whole(study('', formerNames)))))).toEqual(now);
    const kept = valueOf(whole(study('', presentNames)));
    expect(migrateStoredStudy(kept)).toEqual(kept);
  });

  it('is told the present names where a person wrote no version', () => {
    expect(problemOf(() => cellsOf(valueOf(study('', formerNames))))).toContain('is called');
  });
});

it('a draft of an experiment that was kept without its version opens under the present names', () => {
  const draft = { name: 'a', task: { type: 'masked-words', maskedShare: 0.3 }, pipeline: 'bert-tiny' };
  expect(migrateStoredExperiment(draft)).toEqual({
    name: 'a',
    task: { type: 'masked-words', maskProbability: 0.3 },
    pipeline: 'bert-tiny',
  });
});

it('a pipeline that was kept opens under the present names, and once more as it is then', () => {
  const graph = {
    blocks: [
      { id: 'words', type: 'token-embedding', options: { features: 8 }, inputs: { tokens: 'input.tokens' } },
      { id: 'layers', type: 'recurrent', options: { features: 8, cell: 'simple' }, inputs: { sequence: 'words' } },
      { id: 'pool', type: 'attention-pooling', options: { features: 4 }, inputs: { sequence: 'layers' } },
      { id: 'hidden', type: 'dense', options: { features: 4 }, inputs: { vector: 'pool' } },
    ],
    outputs: { vector: 'hidden' },
  };
  const opened = storedPipeline.parse(graph);
  expect(opened.blocks.map(({ options }) => options)).toEqual([
    { hiddenSize: 8 },
    { hiddenSize: 8, cell: 'rnn' },
    { attentionSize: 4 },
    { features: 4 },
  ]);
  expect(storedPipeline.parse(opened)).toEqual(opened);
});

function problemOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isLabError(error, 'bad-spec')) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

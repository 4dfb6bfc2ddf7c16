import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { isLabError } from '../../../src/shared/errors.ts';
import { experimentSpec } from '../../../src/shared/spec/experiment/index.ts';
import { nearest, showPath } from '../../../src/shared/spec/problems.ts';
import { experimentSchema } from '../../../src/main/runs/experiment-schema.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { parseSpecText, withSettings } from '../../../src/main/runs/spec-file.ts';

const minimal = 'name: a\ntask: masked-words\ndata: d\npipeline: bert-tiny\n';

function problemsIn(text: string, settings: readonly string[] = []): string[] {
  try {
    parseExperiment(withSettings(parseSpecText(text, 'x.yaml'), settings));
  } catch (error) {
    if (isLabError(error, 'bad-spec')) return error.message.split('\n');
    throw error;
  }
  throw new Error('the spec is valid');
}

describe('a valid experiment', () => {
  it('gets every default, those of the task too', () => {
    const experiment = parseExperiment(parseSpecText(minimal, 'x.yaml'));
    expect(experiment).toMatchObject({
      version: 2,
      task: { type: 'masked-words', length: 128, maskProbability: 0.15 },
      pipeline: { preset: 'bert-tiny', options: {} },
      training: {
        batchSize: 32,
        gradientAccumulationSteps: 1,
        learningRate: 1e-4,
        optimizer: { type: 'adamw', clipNorm: 1 },
      },
      evaluation: { test: true },
      engine: { name: 'onnxruntime' },
      seed: 0,
    });
  });

  it('may change an option of the default optimizer or schedule without naming its type', () => {
    const settings = ['training.optimizer.clipNorm=0', 'training.schedule.warmupSteps=5'];
    expect(parseExperiment(withSettings(parseSpecText(minimal, 'x.yaml'), settings))).toMatchObject({
      training: {
        optimizer: { type: 'adamw', beta2: 0.999, clipNorm: 0 },
        schedule: { type: 'linear', warmupSteps: 5, finalFraction: 0 },
      },
    });
    expect(problemsIn(minimal, ['training.optimizer.clipnorm=0'])).toEqual([
      "--set training.optimizer.clipnorm=0: training.optimizer.clipnorm: unknown option. Did you mean 'clipNorm'?",
    ]);
  });

  it('is the same after being written down and read again', () => {
    const experiment = parseExperiment(parseSpecText(minimal, 'x.yaml'));
    expect(parseExperiment(parseSpecText(JSON.stringify(experiment), 'x.json'))).toEqual(experiment);
  });

  it('takes settings from the command line, also inside shorthands and lists', () => {
    const source = parseSpecText(`${minimal}from: {run: x}\nfreeze: [a, b]\n`, 'x.yaml');
    const settings = [
      'training.steps=12',
      'task.length=64',
      'pipeline.options.layers=1',
      'freeze.1=c',
      'engine.device=cpu',
    ];
    expect(parseExperiment(withSettings(source, settings))).toMatchObject({
      training: { steps: 12 },
      task: { type: 'masked-words', length: 64 },
      pipeline: { preset: 'bert-tiny', options: { layers: 1 } },
      freeze: ['a', 'c'],
      engine: { device: 'cpu' },
    });
  });
});

describe('a setting of null', () => {
  it('takes the key away', () => {
    const source = parseSpecText(`${minimal}from: {run: x}\nseed: 3\n`, 'x.yaml');
    const experiment = parseExperiment(withSettings(source, ['from=null', 'seed=null']));
    expect(experiment.from).toBeUndefined();
    expect(experiment.seed).toBe(0);
  });
});

describe('problems', () => {
  it('are all reported at once, with line and suggestion', () => {
    const text = `${minimal}training:\n  batchsize: 8\n  steps: ten\n  schedule: {type: linaer}\nenigne: {}\n`;
    expect(problemsIn(text).sort()).toEqual([
      "x.yaml:6: training.batchsize: unknown option. Did you mean 'batchSize'?",
      'x.yaml:7: training.steps: should be a number, not "ten"',
      'x.yaml:8: training.schedule.type: "linaer" is not one of: constant, linear, cosine, one-cycle, slanted-triangular, wsd. Did you mean \'linear\'?',
      "x.yaml:9: enigne: unknown option. Did you mean 'engine'?",
    ]);
  });

  it('name options of tasks, presets and blocks', () => {
    expect(problemsIn('name: a\ntask:\n  type: masked-words\n  lenght: 64\ndata: d\npipeline: bert-tiny\n')).toEqual([
      "x.yaml:4: task.lenght: unknown option. Did you mean 'length'?",
    ]);
    expect(
      problemsIn('name: a\ntask: masked-wrods\ndata: d\npipeline: {preset: bert-tiny, options: {layer: 1}}\n'),
    ).toEqual([
      "x.yaml:2: task: there is no task 'masked-wrods'. Did you mean 'masked-words'?",
      "x.yaml:4: pipeline.options.layer: unknown option. Did you mean 'layers'?",
    ]);
    const block =
      'name: a\ntask: masked-words\ndata: d\npipeline:\n  blocks:\n    - id: e\n      type: token-embeding\n  outputs: {sequence: e}\n';
    expect(problemsIn(block)).toEqual([
      "x.yaml:7: pipeline.blocks[0].type: there is no block 'token-embeding'. Did you mean 'token-embedding'?",
    ]);
  });

  it('name the setting of the command line that is wrong', () => {
    expect(problemsIn(minimal, ['training.stesp=5'])).toEqual([
      "--set training.stesp=5: training.stesp: unknown option. Did you mean 'steps'?",
    ]);
    expect(problemsIn(minimal, ['steps'])).toEqual(['--set steps: write key=value, for example training.steps=1000']);
  });

  it('say what is missing and what excludes what', () => {
    expect(problemsIn('name: a\n')).toEqual(
      expect.arrayContaining(['x.yaml:1: task: is missing', 'x.yaml:1: data: is missing']),
    );
    expect(problemsIn(`${minimal}training: {steps: 1, epochs: 2}\n`)).toEqual([
      'x.yaml:5: training.epochs: Give steps or epochs, not both',
    ]);
  });

  it('give line and column of bad YAML', () => {
    expect(problemsIn('name: a\ntask: [masked-words\ndata: d\n')[0]).toMatch(/^x\.yaml:\d+:\d+: /);
    expect(problemsIn('name: a\nname: b\n')[0]).toMatch(
      /^x\.yaml:2:1: map keys must be unique: “name: b”\. A spec is YAML or JSON/,
    );
  });

  it('refuse newer versions of the format', () => {
    expect(() => parseExperiment(parseSpecText(`version: 3\n${minimal}`, 'x.yaml'))).toThrow(
      expect.objectContaining({ code: 'format-version', message: expect.stringContaining('version 3') }),
    );
  });
});

describe('the JSON schema', () => {
  it('has the options of tasks, presets and blocks', () => {
    const text = JSON.stringify(experimentSchema());
    for (const name of ['maskProbability', 'transformer-encoder', 'attentionDropout', 'bert-mini', 'warmupFraction']) {
      expect(text).toContain(`"${name}"`);
    }
  });

  it('needs only what has no default; the pipeline may be that of a model', () => {
    expect(experimentSchema().required).toEqual(['name', 'task', 'data']);
  });

  it('describes every option of the spec', () => {
    const missing: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      const parsed = z
        .looseObject({ properties: z.record(z.string(), z.unknown()), description: z.string().optional() })
        .safeParse(schema);
      if (!parsed.success) return;
      for (const [name, property] of Object.entries(parsed.data.properties)) {
        const { description, const: constant } = z.looseObject({}).parse(property);
        if (description === undefined && constant === undefined) missing.push(`${path}${name}`);
        visit(property, `${path}${name}.`);
      }
    };
    visit(z.toJSONSchema(experimentSpec, { io: 'input' }), '');
    expect(missing).toEqual([]);
  });
});

describe('suggestions', () => {
  it('need some likeness', () => {
    expect(nearest('batchsize', ['batchSize', 'baseSize'])).toBe('batchSize');
    expect(nearest('xyz', ['learningRate'])).toBeUndefined();
    expect(showPath(['pipeline', 'blocks', 2, 'type'])).toBe('pipeline.blocks[2].type');
  });
});

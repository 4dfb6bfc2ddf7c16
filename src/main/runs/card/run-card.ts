/** The audit card of a run, from its folder and the manifest of its material. */
import { z } from 'zod';
import type { AuditCard, CardItem, CardSection } from '../../../shared/card/card.ts';
import { formatCount, formatNumber, formatWithBounds, plural } from '../../../shared/display.ts';
import { metricOf } from '../../../shared/metrics.ts';
import type { Experiment } from '../../../shared/spec/experiment/index.ts';
import type { EvaluatedSplit, RunResult } from '../../../shared/spec/run/result.ts';
import { totalSeconds } from '../../../shared/spec/run/result.ts';
import { rowKind } from '../../../shared/spec/run/result.ts';
import { datasetTargets } from '../../../shared/spec/manifests/dataset-targets.ts';
import type { Interval } from '../../../shared/stats.ts';
import { mean, meanInterval, wilsonInterval } from '../../../shared/stats.ts';
import type { RunScores } from '../../../shared/contract/scores.ts';
import { labVersion } from '../../files/version.ts';
import { scheduleOf } from '../../training/optimizer-config.ts';
import type { Material } from '../../workspace/catalogue.ts';
import type { RunDetails, RunSummary } from '../../workspace/runs.ts';
import { describeEnergy, energyOf, facts, formatSeconds, leakItems, machineFacts, tableItem } from './facts.ts';
import { calibrationItems } from './calibration.ts';
import type { PublicModel } from './public-models.ts';
import { publicModelItems } from './public-models.ts';

export interface RunCardMaterial {
  readonly run: RunDetails;
  /** Undefined where the material has gone, or is another one by now. */
  readonly material: Material | undefined;
  /** Other runs of the same experiment, whatever their seed. */
  readonly others: readonly RunSummary[];
  /** Of a classifier. */
  readonly scores?: RunScores | undefined;
  /** Models of others that its weights come from. */
  readonly models: readonly PublicModel[];
}

/** Sections in a fixed order, those without content left out. */
export function runCard(given: RunCardMaterial): AuditCard {
  const { run } = given;
  const sections: CardSection[] = [
    { title: 'Result', items: resultItems(run.result) },
    { title: 'Calibration', items: calibrationItems(given.scores) },
    { title: 'Data', items: dataItems(given) },
    { title: 'Split', items: splitItems(run) },
    { title: 'Baselines', items: baselineItems(run.result) },
    { title: 'Leaks', items: [...leakItems(run.result?.leaks)] },
    { title: 'Shortcut probes and audit', items: auditItems(run.result) },
    { title: 'Recipe', items: recipeItems(run) },
    { title: 'Seeds and spread', items: spreadItems(given) },
    { title: 'Computer, time and energy', items: costItems(run.result) },
    { title: 'Versions', items: [versionFacts(run)] },
    { title: 'Experiment', items: [{ kind: 'code', text: JSON.stringify(run.experiment, null, 2) }] },
  ];
  return { formatVersion: 1, of: 'run', name: run.id, summary: summaryOf(run), sections, lab: labVersion() };
}

/** What only runs in one go know. */
function secondsBeside({ monitoring, other }: RunResult['seconds']): string {
  if (monitoring === undefined || other === undefined) return '';
  return `, evaluations on the way ${formatSeconds(monitoring)}, everything else ${formatSeconds(other)}`;
}

function summaryOf({ result, status, step, totalSteps, failure }: RunDetails): string {
  if (!result) {
    const progress = totalSteps === null ? '' : ` at step ${formatCount(step)} of ${formatCount(totalSteps)}`;
    return `No result: the run is ${status}${progress}${failure === null ? '' : `: ${failure}`}.`;
  }
  const { split, evaluated } = mainSplit(result);
  const shown = ['accuracy', 'macroF1', result.selection.metric].filter(
    (name, index, all) => all.indexOf(name) === index,
  );
  const values = shown.flatMap((name) => {
    const value = evaluated.metrics[name];
    return typeof value === 'number' ? [`${titleOf(name)} ${formatWithBounds(value, intervalOf(name, result))}`] : [];
  });
  return `${values.join(', ')} on the ${split} split.`;
}

function mainSplit(result: RunResult): { split: 'test' | 'validation'; evaluated: RunResult['validation'] } {
  return result.test
    ? { split: 'test', evaluated: result.test }
    : { split: 'validation', evaluated: result.validation };
}

const titleOf = (metric: string): string => metricOf(metric).title;

/** Of an accuracy, over the examples (Wilson); others have none from one run. */
function intervalOf(metric: string, result: RunResult): Interval | null {
  const { correct } = mainSplit(result).evaluated;
  if (metric !== 'accuracy' || correct === undefined || correct.length === 0) return null;
  return wilsonInterval(correct.replaceAll('0', '').length, correct.length);
}

function resultItems(result: RunResult | null): CardItem[] {
  if (!result) return [{ kind: 'text', text: 'None yet.' }];
  const splits = [['Validation', result.validation] as const, ...(result.test ? [['Test', result.test] as const] : [])];
  const names = [...new Set(splits.flatMap(([, { metrics }]) => Object.keys(metrics)))];
  const rows = names.map((name) => [titleOf(name), ...splits.map(([, { metrics }]) => show(metrics[name]))]);
  const { evaluated, split } = mainSplit(result);
  const table = tableItem(
    `Step ${formatCount(result.bestStep ?? result.steps)}, chosen by ${titleOf(result.selection.metric).toLowerCase()} on the validation split`,
    ['Metric', ...splits.map(([name]) => `>${name}`)],
    rows,
  );
  const classes = (evaluated.perClass ?? []).map(({ name, precision, recall, f1, support }) => [
    name,
    formatCount(support),
    show(precision),
    show(recall),
    show(f1),
  ]);
  if (evaluated.targets) return [table, targetTable(evaluated.targets, split)];
  if (classes.length === 0) return [table];
  return [
    table,
    tableItem(
      `By ${rowKind(evaluated)}, on the ${split} split`,
      [capitalOf(rowKind(evaluated)), '>Examples', '>Precision', '>Recall', '>F1'],
      classes,
    ),
  ];
}

function capitalOf(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function targetTable(targets: NonNullable<EvaluatedSplit['targets']>, split: string): CardItem {
  const names = ['rmse', 'mae', 'r2', 'spearman'] as const;
  return tableItem(
    `By target, each in its own unit, on the ${split} split`,
    ['Target', ...names.map((name) => `>${titleOf(name)}`)],
    targets.map((target) => [target.name, ...names.map((name) => show(target[name]))]),
  );
}

function show(value: number | null | undefined): string {
  return typeof value === 'number' ? formatNumber(value) : '–';
}

const COUNTS = ['documents', 'sentences', 'tokens', 'examples', 'images', 'recordings', 'vocabularySize'] as const;

function dataItems({ run, material, models }: RunCardMaterial): CardItem[] {
  const { data, weights, tokenizer } = run.origin;
  const manifest = material?.manifest ?? {};
  const counts = COUNTS.flatMap((name) => {
    const value = manifest[name];
    return typeof value === 'number'
      ? [`${formatCount(value)} ${name === 'vocabularySize' ? 'pieces of vocabulary' : name}`]
      : [];
  });
  const list = facts([
    ['Material', `${data.name} (${data.kind.replace('-', ' ')})`],
    ['Size', counts.length > 0 ? counts.join(', ') : undefined],
    ['Source', sourceOf(manifest)],
    ['SHA-256 of the content', data.contentHash],
    ['Tokenizer', tokenizer ? `${tokenizer.label}, SHA-256 ${tokenizer.sha256}` : undefined],
    ['Weights to begin with', weights?.label ?? 'none: trained from scratch'],
    [
      'Transferred',
      run.transfer
        ? `${plural(run.transfer.matched.length, 'parameter')}, ${run.transfer.fresh.length} new`
        : undefined,
    ],
  ]);
  const classes = classRows(manifest);
  const targets = targetRows(manifest);
  const gone: CardItem[] = material
    ? []
    : [{ kind: 'warning', text: `${data.name} is no longer in the workspace as it was when the run was made.` }];
  return [
    list,
    ...publicModelItems(models),
    ...gone,
    ...targets,
    ...(classes.length > 0 && targets.length === 0
      ? [tableItem('Classes of the whole material', ['Class', '>Examples'], classes)]
      : []),
  ];
}

function sourceOf({ source, sources }: Readonly<Record<string, unknown>>): string | undefined {
  if (Array.isArray(sources)) return sources.join(', ');
  if (typeof source === 'string') return source;
  return typeof source === 'object' && source !== null && 'path' in source ? String(source.path) : undefined;
}

function targetRows({ targets }: Readonly<Record<string, unknown>>): CardItem[] {
  const found = datasetTargets.safeParse(targets).data;
  if (found?.kind === 'numbers') {
    const rows = found.targets.map(({ name, minimum, maximum, mean: average }) => [
      name,
      ...[minimum, average, maximum].map(show),
    ]);
    return [tableItem('Numbers of the whole material', ['Target', '>Least', '>Mean', '>Largest'], rows)];
  }
  if (found?.kind === 'tags') {
    const rows = found.tags.slice(0, MOST_CLASSES).map(({ name, words }) => [name, formatCount(words)]);
    return [tableItem('Tags of the whole material', ['Tag', '>Words'], rows)];
  }
  if (found?.kind === 'alignments') {
    const { related, unrelated, aligned, alignedPairs } = found;
    const rows = Object.entries({ related, aligned, unrelated }).map(([name, count]) => [name, formatCount(count)]);
    const title = `Pairs of the whole material, with ${formatCount(alignedPairs)} aligned residues`;
    return [tableItem(title, ['Pairs', '>Examples'], rows)];
  }
  if (found === undefined || found.labels.length > MOST_CLASSES) return [];
  const rows = found.labels.map(({ name, examples }) => [name, formatCount(examples)]);
  return [tableItem('Labels of the whole material', ['Label', '>Examples'], rows)];
}

const MOST_CLASSES = 60;

function classRows({ classes }: Readonly<Record<string, unknown>>): string[][] {
  if (!Array.isArray(classes) || classes.length > MOST_CLASSES) return [];
  return classes.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('name' in entry)) return [];
    const count: unknown = Object.values(entry).find((value) => typeof value === 'number');
    return [[String(entry.name), typeof count === 'number' ? formatCount(count) : '–']];
  });
}

const labelBudget = z.object({ total: z.number().optional(), perClass: z.number().optional() });

function budgetWords(option: unknown): string | undefined {
  const { total, perClass } = labelBudget.safeParse(option).data ?? {};
  return perClass === undefined ? total?.toString() : `${perClass} of each class`;
}

function splitItems({ experiment, result }: RunDetails): CardItem[] {
  const { examples } = result ?? {};
  const { task, splitSeed, labelSeed } = experiment;
  return [
    facts([
      ['Split seed', String(splitSeed)],
      ['Label seed', labelSeed === undefined ? undefined : String(labelSeed)],
      [
        'Validation fraction',
        typeof task.validationFraction === 'number' ? String(task.validationFraction) : undefined,
      ],
      ['Test fraction', typeof task.testFraction === 'number' ? String(task.testFraction) : undefined],
      ['Label budget', budgetWords(task.labelBudget)],
      [
        'Examples',
        examples &&
          `${formatCount(examples.training)} for training, ${formatCount(examples.validation)} for validation, ${formatCount(examples.test)} for the test`,
      ],
      ['Excluded from the test', result?.leaks ? formatCount(result.leaks.excluded.length) : undefined],
    ]),
  ];
}

function baselineItems(result: RunResult | null): CardItem[] {
  if (!result || result.baselines.length === 0) return [{ kind: 'text', text: 'None were computed with this run.' }];
  const names = [...new Set(result.baselines.flatMap(({ metrics }) => Object.keys(metrics)))];
  const { evaluated, split } = mainSplit(result);
  const rows = result.baselines.map(({ name, summary, metrics }) => [
    name,
    ...names.map((metric) => show(metrics[metric])),
    summary,
  ]);
  const own = ['this run', ...names.map((metric) => show(evaluated.metrics[metric])), ''];
  const titles = ['', ...names.map((name) => `>${titleOf(name)}`), 'What it is'];
  return [tableItem(`On the ${split} split`, titles, [own, ...rows])];
}

function auditItems(result: RunResult | null): CardItem[] {
  const audit = result?.audit ?? [];
  if (audit.length === 0) return [{ kind: 'text', text: 'The task has none, or they were not asked for.' }];
  const warnings = audit.flatMap(({ warning }): CardItem[] =>
    warning === undefined ? [] : [{ kind: 'warning', text: warning }],
  );
  const rows = audit.map(({ name, value, reference, summary }) => [name, show(value), show(reference), summary]);
  return [
    ...warnings,
    tableItem('What the network was checked for', ['', '>Value', '>To compare with', 'What it is'], rows),
  ];
}

function recipeItems({ experiment, result }: RunDetails): CardItem[] {
  const { training, pipeline, freeze, method } = experiment;
  const list = facts([
    ['Method', method],
    ['Network', describePipeline(pipeline)],
    [
      'Parameters',
      result
        ? `${formatCount(result.parameters.total)}, ${formatCount(result.parameters.trainable)} trained`
        : undefined,
    ],
    ['Frozen', freeze.length > 0 ? freeze.join(', ') : undefined],
    ['Optimizer', JSON.stringify(training.optimizer)],
    ['Learning rate', `${training.learningRate}, ${JSON.stringify(scheduleOf(training))}`],
    ['Batch', `${training.batchSize} × ${training.gradientAccumulationSteps}`],
    [
      'Steps',
      result ? `${formatCount(result.steps)}${result.reason === 'early-stopping' ? ', stopped early' : ''}` : undefined,
    ],
    ['Head', training.linearProbeFirst ? 'starts as a linear probe of frozen features' : undefined],
  ]);
  const { tuning } = result ?? {};
  if (!tuning) return [list];
  const rows = tuning.trials.map(({ settings, value }) => [JSON.stringify(settings), show(value)]);
  const caption = `Settings that were tried on validation examples; chosen: ${JSON.stringify(tuning.chosen)}`;
  return [list, tableItem(caption, ['Settings', `>${titleOf(tuning.metric)}`], rows)];
}

function describePipeline(pipeline: Experiment['pipeline']): string {
  if ('model' in pipeline) return `that of the model ${pipeline.model}`;
  return 'preset' in pipeline
    ? `${pipeline.preset} ${JSON.stringify(pipeline.options)}`
    : `${plural(pipeline.blocks.length, 'block')}, in the experiment below`;
}

function spreadItems({ run, others }: RunCardMaterial): CardItem[] {
  const metric = run.result?.selection.metric;
  const seeds = facts([
    ['Seed', String(run.experiment.seed)],
    ['Split seed', String(run.experiment.splitSeed)],
  ]);
  const all = [run, ...others].flatMap(({ id, experiment, result }) => {
    const value = result && metric !== undefined ? mainSplit(result).evaluated.metrics[metric] : undefined;
    return typeof value === 'number' ? [{ id, seed: experiment.seed, value }] : [];
  });
  if (metric === undefined || all.length < 2) {
    return [seeds, { kind: 'text', text: 'One run of this experiment: nothing is known of the spread over seeds.' }];
  }
  const values = all.map(({ value }) => value);
  const text = `${titleOf(metric)} over ${plural(all.length, 'seed')}: ${formatWithBounds(mean(values), meanInterval(values))} (mean, 95 % CI).`;
  const rows = all.map(({ id, seed, value }) => [id, String(seed), formatNumber(value)]);
  return [
    seeds,
    { kind: 'text', text },
    tableItem('Runs of the same experiment', ['Run', '>Seed', `>${titleOf(metric)}`], rows),
  ];
}

function costItems(result: RunResult | null): CardItem[] {
  if (!result) return [{ kind: 'text', text: 'Not known before the end.' }];
  const { seconds, engine, machine, examplesPerSecond } = result;
  const energy = energyOf(result);
  return [
    facts([
      ...machineFacts(machine),
      [
        'Engine',
        `${engine.name}, ${engine.device}${engine.threads === null ? '' : `, ${engine.threads} threads`} (${engine.deviceName})`,
      ],
      ['Products in training', engine.precision],
      [
        'Time',
        `${formatSeconds(totalSeconds(result.seconds))}: training ${formatSeconds(seconds.training)}, evaluation ${formatSeconds(seconds.evaluation)}, baselines ${formatSeconds(seconds.baselines)}, compilation ${formatSeconds(seconds.compilation)}${secondsBeside(seconds)}`,
      ],
      ['Speed', examplesPerSecond > 0 ? `${formatNumber(examplesPerSecond, 1)} examples per second` : undefined],
      ['Energy', describeEnergy(energy.joules, [energy])],
    ]),
  ];
}

function versionFacts({ events, createdAt, result }: RunDetails): CardItem {
  const created = events.find((event) => event.type === 'created');
  return facts([
    ['Pretext Lab', created?.type === 'created' ? created.lab : undefined],
    ['Created', createdAt],
    ['Finished', result?.finishedAt],
  ]);
}

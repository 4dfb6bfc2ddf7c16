/** The audit card of a study, from its answer and the folders of its runs. */
import type { AuditCard, CardItem, CardSection } from '../../../shared/card/card.ts';
import { formatCount, formatNumber, formatWithBounds, plural } from '../../../shared/display.ts';
import { metricOf } from '../../../shared/metrics.ts';
import { totalSeconds } from '../../../shared/spec/run/result.ts';
import type { Study, StudyResult } from '../../../shared/spec/study.ts';
import { gainWords } from '../../../shared/study/verdict.ts';
import { describeLeaks } from '../../../shared/spec/leaks.ts';
import { labVersion } from '../../files/version.ts';
import type { RunDetails } from '../../workspace/runs.ts';
import { describeEnergy, energyOf, facts, formatSeconds, leakItems, machineFacts, tableItem } from './facts.ts';
import type { PublicModel } from './public-models.ts';
import { publicModelItems } from './public-models.ts';

export interface StudyCardMaterial {
  readonly study: Study;
  readonly result: StudyResult;
  /** Of the answer, in its order. */
  readonly runs: readonly RunDetails[];
  /** Models of others that the weights of its arms come from. */
  readonly models: readonly PublicModel[];
}

/** Sections in a fixed order, those without content left out. */
export function studyCard({ study, result, runs, models }: StudyCardMaterial): AuditCard {
  const sections: CardSection[] = [
    { title: 'Answer', items: answerItems(study, result) },
    { title: 'Gains', items: gainItems(result) },
    { title: 'Data', items: [...dataItems(result, runs), ...publicModelItems(models)] },
    { title: 'Baselines', items: baselineItems(result) },
    { title: 'Leaks', items: leaksOfArms(result, runs) },
    { title: 'Shortcut probes and audit', items: auditItems(runs) },
    { title: 'Recipe and tuning', items: tuningItems(result) },
    { title: 'Seeds and spread', items: spreadItems(result) },
    { title: 'Computer, time and energy', items: costItems(runs) },
    { title: 'Versions', items: [versionFacts(runs)] },
    { title: 'Study', items: [{ kind: 'code', text: JSON.stringify(study, null, 2) }] },
  ];
  const summary = result.verdicts.map(({ sentence }) => sentence).join(' ');
  return {
    formatVersion: 1,
    of: 'study',
    name: study.name,
    summary: summary === '' ? 'No verdict yet.' : summary,
    sections,
    lab: labVersion(),
  };
}

const titleOf = (metric: string): string => metricOf(metric).title;

function answerItems({ notes }: Study, { arms, metric, runs }: StudyResult): CardItem[] {
  const rows = arms.map(({ condition, title, mean, interval }) => [condition, title, formatWithBounds(mean, interval)]);
  const split = runs[0]?.split ?? 'test';
  const question: CardItem[] = notes === undefined ? [] : [{ kind: 'text', text: notes }];
  return [
    ...question,
    tableItem(
      `${titleOf(metric)} on the ${split} split, mean and 95 % CI over seeds`,
      ['Condition', 'Arm', `>${titleOf(metric)}`],
      rows,
    ),
  ];
}

function gainItems({ gains, labelsSaved, metric }: StudyResult): CardItem[] {
  const rows = gains.map(({ condition, arm, reference, gain, interval, overSeeds, overExamples, seedsNeeded }) => [
    condition,
    `${arm} over ${reference}`,
    gainWords({ gain, interval }),
    bounds(interval),
    bounds(overSeeds),
    bounds(overExamples),
    seedsNeeded === null ? '–' : String(seedsNeeded),
  ]);
  const titles = [
    'Condition',
    'Arm',
    '>Gain',
    '>95 % CI',
    '>over seeds',
    '>over examples',
    '>Seeds for a gain of 0.02',
  ];
  const saved: CardItem[] = labelsSaved.map(({ sentence }) => ({ kind: 'text', text: sentence }));
  return [tableItem(`Differences of ${titleOf(metric).toLowerCase()}; more is better`, titles, rows), ...saved];
}

function bounds(interval: { readonly low: number; readonly high: number } | null): string {
  return interval ? `[${formatNumber(interval.low)}, ${formatNumber(interval.high)}]` : '–';
}

function dataItems({ splits, testExamples, conditions }: StudyResult, runs: readonly RunDetails[]): CardItem[] {
  const data = new Map(runs.map(({ origin }) => [origin.data.contentHash, origin.data]));
  const weights = new Map(
    runs.flatMap(({ origin }) => (origin.weights ? [[origin.weights.label, origin.weights.label] as const] : [])),
  );
  return [
    facts([
      ...[...data.values()].map(
        ({ name, kind, contentHash }) => [`${name} (${kind.replace('-', ' ')})`, `SHA-256 ${contentHash}`] as const,
      ),
      ['Pretrained weights', weights.size > 0 ? [...weights.values()].join(', ') : 'none'],
      ['Splits', splits === 'shared' ? 'the same validation and test examples for all seeds' : 'others for each seed'],
      ['Test examples', testExamples === null ? undefined : formatCount(testExamples)],
      [
        'Labels',
        conditions.map(({ name, labels }) => `${name}${labels === null ? '' : `: ${formatCount(labels)}`}`).join(', '),
      ],
    ]),
  ];
}

function baselineItems({ baselines, metric }: StudyResult): CardItem[] {
  if (baselines.length === 0) return [{ kind: 'text', text: 'None beside the arms.' }];
  const rows = baselines.map(({ condition, name, mean, interval }) => [
    condition,
    name,
    formatWithBounds(mean, interval),
  ]);
  return [tableItem('Of the task, on the same examples', ['Condition', 'Baseline', `>${titleOf(metric)}`], rows)];
}

/** Of each arm once: its runs are compared with the same material, seed by seed. */
function leaksOfArms({ runs: cells }: StudyResult, runs: readonly RunDetails[]): CardItem[] {
  const byArm = new Map<string, NonNullable<RunDetails['result']>['leaks']>();
  for (const { arm, run } of cells) {
    const leaks = runs.find(({ id }) => id === run)?.result?.leaks;
    if (leaks && (byArm.get(arm)?.leaked ?? -1) < leaks.leaked) byArm.set(arm, leaks);
  }
  if (byArm.size === 0) return [{ kind: 'text', text: 'Not checked.' }];
  const worst = [...byArm.values()].reduce((a, b) => ((b?.leaked ?? 0) > (a?.leaked ?? 0) ? b : a));
  const rows = [...byArm].map(([arm, leaks]) => [arm, leaks ? describeLeaks(leaks) : '']);
  const counts = new Set([...byArm.values()].map((leaks) => leaks?.excluded.length));
  const uneven: CardItem[] =
    counts.size > 1 ? [{ kind: 'warning', text: 'The arms were not tested with the same examples.' }] : [];
  return [
    ...uneven,
    tableItem('Test examples that the networks have seen', ['Arm', 'Found'], rows),
    ...leakItems(worst),
  ];
}

function auditItems(runs: readonly RunDetails[]): CardItem[] {
  const warnings = runs.flatMap(({ id, result }) =>
    (result?.audit ?? []).flatMap(({ warning }) => (warning === undefined ? [] : [`${id}: ${warning}`])),
  );
  const audited = runs.filter(({ result }) => (result?.audit ?? []).length > 0).length;
  if (audited === 0) return [{ kind: 'text', text: 'The task has none, or they were not asked for.' }];
  if (warnings.length === 0) {
    return [{ kind: 'text', text: `${plural(audited, 'run')} checked; none gives a warning.` }];
  }
  return warnings.map((text): CardItem => ({ kind: 'warning', text }));
}

function tuningItems({ runs }: StudyResult): CardItem[] {
  const rows = new Map<string, string[]>();
  for (const { condition, arm, chosen, trials } of runs) {
    if (chosen === null) continue;
    const settings = Object.entries(chosen)
      .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
      .join(', ');
    rows.set(`${condition}\n${arm}\n${settings}`, [condition, arm, settings, trials === null ? '–' : String(trials)]);
  }
  if (rows.size === 0) return [{ kind: 'text', text: 'Nothing was tuned: all settings are in the study below.' }];
  const caption = 'Chosen on validation examples alone, out of so many trials';
  return [tableItem(caption, ['Condition', 'Arm', 'Settings', '>Trials'], [...rows.values()])];
}

function spreadItems({ runs, metric }: StudyResult): CardItem[] {
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const rows = runs.map(({ condition, arm, seed, value, run }) => [
    condition,
    arm,
    String(seed),
    formatNumber(value),
    run,
  ]);
  return [
    facts([['Seeds', seeds.join(', ')]]),
    tableItem('Every run', ['Condition', 'Arm', '>Seed', `>${titleOf(metric)}`, 'Run'], rows),
  ];
}

function costItems(runs: readonly RunDetails[]): CardItem[] {
  const results = runs.flatMap(({ result }) => (result ? [result] : []));
  const energies = results.map(energyOf);
  const machines = new Map(results.map(({ machine }) => [JSON.stringify(machine ?? null), machine]));
  const seconds = results.reduce((sum, result) => sum + totalSeconds(result.seconds), 0);
  const joules = energies.reduce((sum, energy) => sum + energy.joules, 0);
  const different: CardItem[] =
    machines.size > 1
      ? [{ kind: 'warning', text: `The runs were made on ${machines.size} different computers or systems.` }]
      : [];
  return [
    ...different,
    facts([
      ...machineFacts([...machines.values()][0]),
      ['Engines', [...new Set(results.map(({ engine }) => `${engine.name}, ${engine.device}`))].join('; ')],
      [
        'Time',
        `${formatSeconds(seconds)} for ${plural(results.length, 'run')}, without trials and without pretraining`,
      ],
      ['Energy', results.length > 0 ? describeEnergy(joules, energies) : undefined],
    ]),
  ];
}

function versionFacts(runs: readonly RunDetails[]): CardItem {
  const versions = new Set(
    runs.flatMap(({ events }) => events.flatMap((event) => (event.type === 'created' ? [event.lab] : []))),
  );
  const finished = runs.flatMap(({ result }) => (result ? [result.finishedAt] : [])).sort();
  return facts([
    ['Pretext Lab', [...versions].join(', ')],
    ['Finished', finished.length > 0 ? `${finished.at(0)} to ${finished.at(-1)}` : undefined],
  ]);
}

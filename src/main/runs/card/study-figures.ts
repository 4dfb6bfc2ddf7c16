/** The charts of a study's report, as SVG that stands in one HTML file: what each arm reached, and the gains with their intervals. */
import { seriesColour } from '../../../shared/chart-colours.ts';
import { formatNumber, formatSigned } from '../../../shared/display.ts';
import { escapeMarkup } from '../../../shared/escape-markup.ts';
import { linearScale, rangeOf } from '../../../shared/linear-scale.ts';
import { metricOf } from '../../../shared/metrics.ts';
import type { StudyResult } from '../../../shared/spec/study.ts';
import { armSeries, pretrainedSeries } from '../../../shared/study/arm-colours.ts';
import { conditionWords, gainWords } from '../../../shared/study/verdict.ts';
import { valueTicks } from '../../../shared/value-ticks.ts';

const width = 640;

/** Conditions by the number of their labels, where all have one. */
function orderedConditions({ conditions }: StudyResult): StudyResult['conditions'] {
  const areBudgets = conditions.every(({ labels }) => labels !== null);
  return areBudgets ? conditions.toSorted((one, other) => (one.labels ?? 0) - (other.labels ?? 0)) : conditions;
}

/** A scale with some room at both ends. */
function scaleOf(values: readonly number[], from: number, to: number) {
  const range = rangeOf(values, 0.06, Math.max(0.02, Math.abs(values[0] ?? 0) * 0.1));
  const scale = linearScale(range, from, to);
  return { ...range, at: (value: number): string => scale(value).toFixed(1) };
}

/** As the pages of a study have them. */
function coloursOf({ arms }: StudyResult): (arm: string) => string {
  const known = [...new Map(arms.map((one) => [one.arm, one])).values()];
  const series = armSeries(
    known.map(({ arm, pretrained, method }) => ({ name: arm, isMain: pretrained && method === 'training' })),
  );
  return (arm) => seriesColour(series.get(arm) ?? pretrainedSeries);
}

function figure(title: string, height: number, drawing: readonly string[]): string {
  return `<figure><figcaption>${escapeMarkup(title)}</figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeMarkup(title)}; the tables below have the numbers" font-size="12" fill="currentColor">${drawing.join('')}</svg></figure>`;
}

/** Every arm's mean at every condition, with the interval over seeds as a bar and the baselines as dashes. */
export function armsFigure(result: StudyResult): string {
  const { arms, baselines, metric } = result;
  const conditions = orderedConditions(result);
  const colourOf = coloursOf(result);
  const names = [...new Map(arms.map(({ arm, title }) => [arm, title]))];
  const margin = { left: 56, right: 16, top: 12, bottom: 36 + 18 * names.length };
  const height = 300 + margin.bottom;
  const y = scaleOf(
    [
      ...arms.flatMap(({ mean, interval }) => [mean, interval?.low ?? mean, interval?.high ?? mean]),
      ...baselines.map(({ mean }) => mean),
    ],
    300,
    margin.top,
  );
  const inner = width - margin.left - margin.right;
  const placeOf = (condition: string): number =>
    margin.left +
    (inner * (conditions.findIndex(({ name }) => name === condition) + 0.5)) / Math.max(1, conditions.length);
  const ticks = valueTicks(y.low, y.high, 6).map(
    (value) =>
      `<path d="M${margin.left} ${y.at(value)}H${width - margin.right}" stroke="currentColor" stroke-opacity=".15"/><text x="${margin.left - 6}" y="${Number(y.at(value)) + 4}" text-anchor="end">${value}</text>`,
  );
  const labels = conditions.map(
    ({ name }) =>
      `<text x="${placeOf(name)}" y="320" text-anchor="middle">${escapeMarkup(conditionWords(name))}</text>`,
  );
  const dashes = baselines.map(
    ({ condition, name, mean }) =>
      `<path d="M${placeOf(condition) - 30} ${y.at(mean)}h60" stroke="currentColor" stroke-dasharray="4 3"><title>${escapeMarkup(name)}: ${formatNumber(mean)}</title></path>`,
  );
  const lines = names.map(([arm, title], index) => {
    const colour = colourOf(arm);
    const shift = (index - (names.length - 1) / 2) * 8;
    const points = conditions.flatMap(({ name }) => {
      const found = arms.find((one) => one.arm === arm && one.condition === name);
      return found ? [{ ...found, x: placeOf(name) + shift }] : [];
    });
    const path = points.map(({ x, mean }, at) => `${at === 0 ? 'M' : 'L'}${x} ${y.at(mean)}`).join('');
    const bars = points.map(({ x, interval }) =>
      interval
        ? `<path d="M${x} ${y.at(interval.low)}V${y.at(interval.high)}" stroke="${colour}" stroke-width="2"/>`
        : '',
    );
    const dots = points.map(
      ({ x, mean }) =>
        `<circle cx="${x}" cy="${y.at(mean)}" r="4" fill="${colour}"><title>${escapeMarkup(title)}: ${formatNumber(mean)}</title></circle>`,
    );
    const line = 344 + 18 * index;
    const key = `<circle cx="${margin.left + 6}" cy="${line}" r="4" fill="${colour}"/><text x="${margin.left + 18}" y="${line + 4}">${escapeMarkup(title)}</text>`;
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${bars.join('')}${dots.join('')}${key}`;
  });
  const title = `${metricOf(metric).title}: mean over seeds with its 95 % CI${baselines.length > 0 ? '; dashes are baselines' : ''}`;
  return figure(title, height, [...ticks, ...labels, ...dashes, ...lines]);
}

/** The gain of each arm over the reference, right of zero where it is better; empty without gains. */
export function gainsFigure(result: StudyResult): string {
  const order = orderedConditions(result).map(({ name }) => name);
  const gains = result.gains.toSorted((one, other) => order.indexOf(one.condition) - order.indexOf(other.condition));
  if (gains.length === 0) return '';
  const colourOf = coloursOf(result);
  const titleOf = (arm: string): string => result.arms.find((one) => one.arm === arm)?.title ?? arm;
  const row = 46;
  const height = 20 + row * gains.length + 30;
  const x = scaleOf(
    [0, ...gains.flatMap(({ gain, interval }) => [gain, interval?.low ?? gain, interval?.high ?? gain])],
    24,
    616,
  );
  const axis = [
    `<path d="M${x.at(0)} 8V${height - 30}" stroke="currentColor"/>`,
    ...valueTicks(x.low, x.high, 6).map(
      (value) =>
        `<text x="${x.at(value)}" y="${height - 10}" text-anchor="middle">${value === 0 ? '0' : formatSigned(value, 2)}</text>`,
    ),
  ];
  const rows = gains.map((gain, index) => {
    const y = 20 + row * index;
    const colour = colourOf(gain.arm);
    const words = `${conditionWords(gain.condition)}, ${titleOf(gain.arm)} over ${titleOf(gain.reference)}: ${gainWords(gain)}`;
    const bar = gain.interval
      ? `<path d="M${x.at(gain.interval.low)} ${y + 18}H${x.at(gain.interval.high)}" stroke="${colour}" stroke-width="3"/>`
      : '';
    return `<text x="24" y="${y + 6}">${escapeMarkup(words)}</text>${bar}<circle cx="${x.at(gain.gain)}" cy="${y + 18}" r="4" fill="${colour}"/>`;
  });
  return figure('Gains with their 95 % CI; right of zero is better', height, [...axis, ...rows]);
}

/** Parts that the cards of runs and of studies have in common. */
import type { CardItem } from '../../../shared/card/card.ts';
import { formatBytes, formatNumber, formatPercent } from '../../../shared/display.ts';
import type { RunLeaks } from '../../../shared/spec/leaks.ts';
import { describeLeaks } from '../../../shared/spec/leaks.ts';
import type { RunEnergy, RunMachine, RunResult } from '../../../shared/spec/run/result.ts';
import { totalSeconds } from '../../../shared/spec/run/result.ts';
import { estimateEnergy } from '../energy.ts';

/** Terms with their values; what is not known is left out. */
export function facts(entries: readonly (readonly [string, string | undefined])[]): CardItem {
  return {
    kind: 'facts',
    facts: entries.flatMap(([term, value]) => (value === undefined ? [] : [{ term, value }])),
  };
}

/** Columns whose titles begin with '>' are aligned to the right, as numbers are. */
export function tableItem(caption: string, titles: readonly string[], rows: readonly (readonly string[])[]): CardItem {
  const columns = titles.map((title) =>
    title.startsWith('>') ? { title: title.slice(1), align: 'right' as const } : { title, align: 'left' as const },
  );
  return { kind: 'table', caption, columns, rows: rows.map((row) => [...row]) };
}

/** A duration with its unit: `350 ms`, `12.5 s`, `3.4 min`, `2.1 h`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${formatNumber(seconds * 1000, 0)} ms`;
  if (seconds < 120) return `${formatNumber(seconds, 1)} s`;
  if (seconds < 7200) return `${formatNumber(seconds / 60, 1)} min`;
  return `${formatNumber(seconds / 3600, 1)} h`;
}

/** What a run recorded, or for runs of before an estimate. */
export function energyOf(result: RunResult): RunEnergy {
  return result.energy ?? estimateEnergy(totalSeconds(result.seconds), result.engine.threads);
}

/** Energy with where it is from: the processor's counters, or time and an assumed power. */
export function describeEnergy(joules: number, sources: readonly RunEnergy[]): string {
  const amount = joules < 36_000 ? `${formatNumber(joules / 1000, 1)} kJ` : `${formatNumber(joules / 3.6e6, 3)} kWh`;
  const assumed = sources.filter(({ source }) => source === 'estimate');
  if (assumed.length === 0) return `${amount}, by the processor's own counters (RAPL), which include other programs`;
  const watts = [...new Set(assumed.map((energy) => formatNumber(energy.watts ?? 0, 0)))].join(' or ');
  const part = assumed.length === sources.length ? '' : ' in part';
  return `about ${amount}, estimated${part} as time × ${watts} W assumed for the processor; nothing of other parts of the computer`;
}

/** The computer that a run was trained on, as terms with values. */
export function machineFacts(machine: RunMachine | undefined): readonly (readonly [string, string | undefined])[] {
  if (!machine) return [['Computer', 'not recorded']];
  return [
    ['Processor', `${machine.processor}, ${machine.cores} physical ${machine.cores === 1 ? 'core' : 'cores'}`],
    ['Memory', formatBytes(machine.memoryBytes)],
    ['System', `${machine.system}, Node ${machine.node}`],
  ];
}

const MOST_LISTED = 20;

const differences = {
  none: 'as it is',
  case: 'case',
  punctuation: 'punctuation or form of characters',
  strand: 'the other strand',
  encoding: 'encoding',
} as const;

/** The line, and both sides of what was found. */
export function leakItems(leaks: RunLeaks | undefined): readonly CardItem[] {
  if (!leaks) return [{ kind: 'text', text: 'Not checked.' }];
  const line: CardItem = { kind: leaks.leaked > 0 ? 'warning' : 'text', text: `${describeLeaks(leaks)}.` };
  if (leaks.listed.length === 0) return [line];
  const rows = leaks.listed
    .slice(0, MOST_LISTED)
    .map(({ example, name, source, place }) => [
      String(example),
      name,
      leaks.sources[source]?.name ?? '',
      String(place.item),
      place.excerpt,
      formatPercent(place.similarity, 0),
      differences[place.difference],
    ]);
  const caption = `Test examples that were seen${leaks.leaked > rows.length ? `, the first ${rows.length} of ${leaks.leaked}` : ''}`;
  const titles = ['>Example', 'Test example', 'Seen in', '>Item', 'What was seen', '>Share found', 'Differs in'];
  return [line, tableItem(caption, titles, rows)];
}

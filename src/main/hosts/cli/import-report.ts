/** The report of an import, for a person: how it was read, what is odd, and what was left out with the reasons. On stderr. */
import { formatCount, formatPercent, plural } from '../../../shared/display.ts';
import type { ReadAs, SimilarLabels } from '../../../shared/spec/manifests/import-facts.ts';
import type { ImageImportReport } from '../../../shared/spec/manifests/image-import-report.ts';
import type { TextCorpusManifest } from '../../../shared/spec/manifests/text-corpus.ts';
import type { TextImportReport } from '../../../shared/spec/manifests/text-import-report.ts';
import { lostScripts, scriptTitle } from '../../../shared/kept-scripts.ts';
import { formatTitle } from '../../../shared/format-titles.ts';
import { say } from './output.ts';

/** How many of each list are named. */
const shown = 10;

const delimiters: Readonly<Record<string, string>> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' };

type Facts = Pick<TextImportReport, 'readAs' | 'notes' | 'similarLabels' | 'labelsMerged'>;

/** `3 files as TSV, tabs, quotes are characters, windows-1252 (guessed)`. */
function describeReading({ format, encoding, guessed, delimiter, quote, header, files }: ReadAs): string {
  return [
    `${plural(files, 'file')} as ${formatTitle(format)}`,
    ...(delimiter === null ? [] : [delimiters[delimiter] ?? `fields apart by ${delimiter}`]),
    ...(quote === null ? [] : [quote === 'none' ? 'quotes are characters' : 'quotes around fields']),
    ...(header === false ? ['no header'] : []),
    ...(encoding === null
      ? []
      : [`${encoding}${guessed && encoding !== 'utf-8' ? ' (guessed; --encoding sets it)' : ''}`]),
  ].join(', ');
}

function sayFacts({ readAs, notes, similarLabels, labelsMerged }: Facts): void {
  for (const way of readAs.slice(0, shown)) say(`Read: ${describeReading(way)}`);
  for (const { path, line, message } of notes.listed.slice(0, shown)) say(`Note: ${placeOf(path, line)}: ${message}`);
  sayRest(notes.total, 'notes');
  saySimilar(similarLabels, labelsMerged);
}

function saySimilar(similar: SimilarLabels, wereMerged: boolean): void {
  for (const group of similar.slice(0, shown)) {
    const names = group.map(({ name, count }) => `“${name}” (${formatCount(count)})`).join(', ');
    say(wereMerged ? `Merged into “${group[0]?.name ?? ''}”: ${names}` : `Nearly the same class: ${names}`);
  }
  sayRest(similar.length, 'groups of classes');
  if (similar.length > 0 && !wereMerged) say('Import with --merge-labels to make one class of each');
}

function sayLeftOut(
  total: number,
  listed: readonly { readonly path: string; readonly line?: number | null; readonly message: string }[],
): void {
  for (const { path, line = null, message } of listed.slice(0, shown)) {
    say(`Left out: ${placeOf(path, line)}: ${message}`);
  }
  sayRest(total, 'left out');
}

function placeOf(path: string, line: number | null): string {
  return line === null ? path : `${path}:${line}`;
}

function sayRest(total: number, what: string): void {
  if (total > shown) say(`… and ${formatCount(total - shown)} more ${what}`);
}

function sayPassedOver(ignored: Readonly<Record<string, number>>): void {
  const others = Object.entries(ignored).map(
    ([kind, count]) => `${formatCount(count)} ${kind === '' ? 'without an ending' : kind}`,
  );
  if (others.length > 0) say(`Passed over by their names: ${others.join(', ')}`);
}

/** @param keepsDuplicates in a dataset they stay, on one side of every split; a corpus drops them */
export function reportText(report: TextImportReport, keepsDuplicates: boolean): void {
  sayFacts(report);
  const { skipped, duplicates, ignored, divided, notArticles } = report;
  sayLeftOut(skipped.total, skipped.listed);
  if (duplicates.total > 0) {
    const what = duplicates.total === 1 ? 'One duplicate' : plural(duplicates.total, 'duplicate');
    say(keepsDuplicates ? `${what} kept, on the same side of every split as the first` : `${what} dropped`);
  }
  if (divided > 0) say(`${plural(divided, 'part')} of documents that were too long to be held at once`);
  if (notArticles > 0) say(`${plural(notArticles, 'page')} passed over, being no articles`);
  sayPassedOver(ignored);
}

export function reportImages(report: ImageImportReport): void {
  sayFacts(report);
  const { skipped, ignored, exactDuplicates, firstFrameOnly, enlarged } = report;
  sayLeftOut(skipped.total, skipped.listed);
  if (exactDuplicates.labelConflicts > 0) {
    const what =
      exactDuplicates.labelConflicts === 1
        ? 'One image has'
        : `${plural(exactDuplicates.labelConflicts, 'image')} have`;
    say(`${what} the same bytes as one of another class; both were kept, on one side of every split`);
    for (const { path, sameAs } of exactDuplicates.listed.slice(0, shown)) say(`  ${path} = ${sameAs}`);
  }
  if (firstFrameOnly > 0) {
    say(
      `The first picture was taken of ${plural(firstFrameOnly, 'animation or file', 'animations or files')} of several pages`,
    );
  }
  if (enlarged > 0) say(`${plural(enlarged, 'smaller image')} enlarged`);
  sayPassedOver(ignored.byExtension);
}

/** How much of each script a vocabulary keeps, with a warning where it loses letters. */
export function reportRoundTrip(scripts: NonNullable<TextCorpusManifest['roundTrip']>): void {
  if (scripts.length === 0) return;
  const shares = scripts.map(
    (one) => `${scriptTitle(one)} ${formatPercent(one.kept / one.characters, 1)} of ${formatCount(one.characters)}`,
  );
  say(`Characters that come back from the vocabulary, in a sample: ${shares.join('; ')}`);
  const lossy = lostScripts(scripts);
  if (lossy.length === 0) return;
  const names = lossy.map(({ script }) => script).join(', ');
  say(
    `Warning: letters of ${names} are lost. --no-strip-accents keeps accents; --tokenizer-kind byte-pair loses none at all`,
  );
}

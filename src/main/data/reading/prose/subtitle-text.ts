/** Subtitles (SubRip .srt, WebVTT .vtt): what is said, without numbers, times, styles and tags. */
import { htmlToText } from './html-text.ts';

const TIME = /^\s*(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3}\s*-->/u;
const NOT_SPOKEN = /^(?:WEBVTT|NOTE|STYLE|REGION)\b/u;
/** Where the lines of SubRip are set, as in `{\an8}`. */
const PLACEMENT = /\{\\[^}]*\}/gu;

/** A line for each cue; a cue that scrolls up and says again what the one before it said is written once. */
export function subtitlesToText(text: string): string {
  const spoken: string[] = [];
  for (const block of text.replace(/\r\n?/gu, '\n').split(/\n[ \t]*\n/u)) {
    const lines = block.split('\n').filter((line) => line.trim() !== '');
    const time = lines.findIndex((line) => TIME.test(line));
    if (time < 0 && (lines[0] === undefined || NOT_SPOKEN.test(lines[0]) || /^\d+$/u.test(lines[0].trim()))) continue;
    const said = htmlToText(
      lines
        .slice(time + 1)
        .join('<br>')
        .replace(PLACEMENT, ''),
    ).replace(/\s+/gu, ' ');
    if (said !== '' && said !== spoken.at(-1)) spoken.push(said);
  }
  return spoken.join('\n');
}

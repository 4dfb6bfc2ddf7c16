/**
 * Somebody's data in a message: enough of it to be recognised, on one line, and never more. Every message that quotes a value, a
 * label, a name of a column or a list of them takes it from here.
 */

/** Characters of a value. */
const LONGEST_EXCERPT = 60;
/** Characters of all values that a message lists, and of a whole message about data. */
const LONGEST_LIST = 180;
const LONGEST_MESSAGE = 400;
const LONGEST_PATH = 190;

/** The beginning of a text on one line, without what cannot be printed; `…` says that it goes on. */
export function excerpt(text: string, longest = LONGEST_EXCERPT): string {
  // A little more than is shown may shrink to it; the rest of a long text need not be looked at.
  const start = text.slice(0, longest * 4).toWellFormed();
  const line = start.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  const isCut = line.length > longest || start.length < text.length;
  return isCut ? `${line.slice(0, longest).toWellFormed().trimEnd()}…` : line;
}

/** The same in quotation marks. */
export function quoted(text: string, longest = LONGEST_EXCERPT): string {
  return `“${excerpt(text, longest)}”`;
}

/** As many names in quotation marks as a message holds, and how many more there are. */
export function quotedList(names: readonly string[]): string {
  const shown: string[] = [];
  let length = 0;
  for (const name of names) {
    const next = quoted(name);
    if (shown.length > 0 && length + next.length > LONGEST_LIST) break;
    shown.push(next);
    length += next.length + 2;
  }
  const more = names.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** A message with somebody's data in it, such as that of a parser: cut where it would fill the screen. */
export function shortMessage(message: string): string {
  return message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE).toWellFormed()}…` : message;
}

/** A path, which a table may have made up: the end of it where it is long, since that tells files apart. */
export function shortPath(path: string, longest = LONGEST_PATH): string {
  return path.length > longest ? `…${path.slice(-longest).toWellFormed()}` : path;
}

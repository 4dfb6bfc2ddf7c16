/**
 * E-mail (RFC 5322 and MIME; .eml), and mailboxes of many (.mbox, RFC 4155): subject and text of each message as its reader
 * sees them. Attachments are left out; of HTML mail, the text.
 */
import PostalMime from 'postal-mime';
import { messageOf } from '../../../../shared/errors.ts';
import { excerpt } from '../../../../shared/excerpt.ts';
import { SkipFile } from '../../import/skip-file.ts';
import type { SkippedDocument, TextDocument } from '../document.ts';
import { readFileBytes, type ByteSource } from '../read-bytes.ts';
import { htmlToText } from './html-text.ts';
import { requireText } from '../read-lines.ts';

const MOST_MESSAGE_BYTES = 32 * 1024 * 1024;
const ENVELOPE = Buffer.from('From ');
const LINE_FEED = 0x0a;
/** “From ” at the beginning of a line of text is escaped in mailboxes. */
const ESCAPED = /^>(>*From )/gmu;

interface RawMessage {
  readonly line: number;
  readonly bytes: Buffer;
}

/** Messages of a mailbox, or the file as one. */
async function* divide(source: ByteSource): AsyncGenerator<RawMessage> {
  let pending = Buffer.alloc(0);
  let isMailbox: boolean | undefined;
  let line = 1;
  for await (const chunk of readFileBytes(source)) {
    pending = Buffer.concat([pending, chunk]);
    if (isMailbox === undefined && pending.length >= ENVELOPE.length) {
      requireText(pending);
      isMailbox = pending.subarray(0, ENVELOPE.length).equals(ENVELOPE);
    }
    if (isMailbox === true) {
      for (let end = nextEnvelope(pending); end >= 0; end = nextEnvelope(pending)) {
        const bytes = pending.subarray(0, end);
        yield { line, bytes };
        line += countLines(bytes);
        pending = pending.subarray(end);
      }
    }
    if (pending.length > MOST_MESSAGE_BYTES) {
      throw new SkipFile('malformed', `holds a message of more than ${MOST_MESSAGE_BYTES} bytes`, line);
    }
  }
  if (pending.length > 0) yield { line, bytes: pending };
}

/** Where the next message begins: at an envelope line after an empty one. */
function nextEnvelope(bytes: Buffer): number {
  for (let place = bytes.indexOf('\nFrom ', 1); place >= 0; place = bytes.indexOf('\nFrom ', place + 1)) {
    const before = bytes[place - 1] === 0x0d ? bytes[place - 2] : bytes[place - 1];
    if (before === LINE_FEED) return place + 1;
  }
  return -1;
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let place = bytes.indexOf(LINE_FEED); place >= 0; place = bytes.indexOf(LINE_FEED, place + 1)) count += 1;
  return count;
}

async function toText({ bytes }: RawMessage): Promise<string> {
  const isEnclosed = bytes.subarray(0, ENVELOPE.length).equals(ENVELOPE);
  const message = isEnclosed ? bytes.subarray(bytes.indexOf(LINE_FEED) + 1) : bytes;
  const { subject = '', text = '', html = '' } = await PostalMime.parse(message, { maxNestingDepth: 32 });
  const body = text.trim() === '' ? htmlToText(html) : text;
  const unescaped = isEnclosed ? body.replace(ESCAPED, '$1') : body;
  return [subject.trim(), unescaped.trim()].filter((part) => part !== '').join('\n\n');
}

/** One document for each message. @throws SkipFile */
export async function* readMail(source: ByteSource): AsyncGenerator<(TextDocument | SkippedDocument)[]> {
  for await (const message of divide(source)) {
    const { line } = message;
    try {
      yield [{ text: await toText(message), line, isPart: false }];
    } catch (error) {
      yield [{ line, reason: 'malformed', message: `is not a message that can be read: ${excerpt(messageOf(error))}` }];
    }
  }
}

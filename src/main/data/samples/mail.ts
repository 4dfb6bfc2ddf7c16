/**
 * Internet mail to the text that its reader sees (RFC 5322, 2045–2047): the subject and the text parts, decoded, HTML as text.
 * Simple, but it survives what is found in the wild: missing headers, wrong boundaries, unknown character sets.
 */
import { decodeEntities } from '../reading/html-entities.ts';

export interface MailText {
  readonly subject: string;
  readonly body: string;
}

interface Part {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const DEEPEST_PART = 8;

/** Headers, unfolded, by lower-case name; the first of several wins. The envelope line of mailbox files is passed over. */
function parsePart(source: string): Part {
  const headers = new Map<string, string>();
  const lines = source.split('\n');
  let index = lines[0]?.startsWith('From ') === true || lines[0]?.startsWith('>From ') === true ? 1 : 0;
  let name = '';
  for (; index < lines.length; index += 1) {
    const line = lines[index]!;
    if (line.trim() === '') break;
    const field = /^([!-9;-~]+)\s*:(.*)$/.exec(line);
    if (/^[ \t]/.test(line)) {
      if (name !== '') headers.set(name, `${headers.get(name) ?? ''} ${line.trim()}`);
    } else if (field !== null) {
      name = headers.has(field[1]!.toLowerCase()) ? '' : field[1]!.toLowerCase();
      if (name !== '') headers.set(name, field[2]!.trim());
    } else {
      break; // no header at all: the body begins here
    }
  }
  return { headers, body: lines.slice(index).join('\n') };
}

function parameterOf(header: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^\\s;]+))`, 'i').exec(header);
  return match?.[1] ?? match?.[2];
}

function decodeBytes(bytes: Buffer, charset: string | undefined): string {
  try {
    return new TextDecoder(charset ?? 'windows-1252').decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes); // a character set that nobody knows
  }
}

function quotedPrintableBytes(text: string): Buffer {
  const joined = text.replace(/[ \t]+$/gm, '').replace(/=\r?\n/g, '');
  // One character for each byte, so that bytes written as =XX and others can be mixed.
  const bytes = Buffer.from(joined, 'utf8').toString('latin1');
  const decoded = bytes.replace(/=([\da-fA-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
  return Buffer.from(decoded, 'latin1');
}

function decodeBody({ headers, body }: Part): string {
  const charset = parameterOf(headers.get('content-type') ?? '', 'charset');
  const encoding = (headers.get('content-transfer-encoding') ?? '').trim().toLowerCase();
  if (encoding === 'base64') return decodeBytes(Buffer.from(body, 'base64'), charset);
  if (encoding === 'quoted-printable') return decodeBytes(quotedPrintableBytes(body), charset);
  return body;
}

/** RFC 2047: =?charset?B or Q?text?=; blanks between two of them are not part of the text. */
export function decodeEncodedWords(header: string): string {
  const joined = header.replace(/(\?=)\s+(?==\?)/g, '$1');
  return joined.replace(/=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=/g, (_, charset: string, kind: string, text: string) => {
    const bytes =
      kind.toUpperCase() === 'B' ? Buffer.from(text, 'base64') : quotedPrintableBytes(text.replaceAll('_', '=20'));
    return decodeBytes(bytes, charset);
  });
}

const INVISIBLE = /<(script|style|head|title|noscript)\b[^<>]*>[\s\S]*?<\/\1\s*>/gi;
const BLOCK = /<\/?(?:p|div|br|hr|li|ul|ol|tr|table|h[1-6]|center|blockquote|pre|form|body|html)\b[^<>]*>/gi;

/** What a browser would show of an HTML text, block by block. */
export function htmlToText(html: string): string {
  const text = html
    .replace(/<!--[\s\S]*?(?:-->|$)/g, '')
    .replace(INVISIBLE, ' ')
    .replace(/\s+/g, ' ')
    .replace(BLOCK, '\n')
    .replace(/<\/?t[dh]\b[^<>]*>/gi, ' ')
    .replace(/<\/?[a-zA-Z!?][^<>]*(?:>|$)/g, '');
  return decodeEntities(text).replace(/ {2,}/g, ' ').trim();
}

function looksLikeHtml(text: string): boolean {
  return (
    /<(?:html|body|table|font|p|br|div|center)\b[^<>]*>/i.test(text) && (text.match(/<\/?[a-z]/gi)?.length ?? 0) >= 4
  );
}

function splitMultipart(body: string, boundary: string): string[] {
  const parts: string[] = [];
  let current: string[] | undefined;
  for (const line of body.split('\n')) {
    const trimmed = line.trimEnd();
    if (trimmed === `--${boundary}` || trimmed === `--${boundary}--`) {
      if (current !== undefined) parts.push(current.join('\n'));
      current = trimmed.endsWith('--') && trimmed.length > boundary.length + 2 ? undefined : [];
      continue;
    }
    current?.push(line);
  }
  if (current !== undefined) parts.push(current.join('\n'));
  return parts;
}

/** The text parts; of alternatives the plain one. */
function textOf(part: Part, depth: number): { text: string; isPlain: boolean } {
  const type = (part.headers.get('content-type') ?? 'text/plain').toLowerCase();
  if (type.startsWith('multipart/') && depth < DEEPEST_PART) {
    const boundary = parameterOf(part.headers.get('content-type') ?? '', 'boundary');
    const parts = boundary === undefined ? [] : splitMultipart(part.body, boundary);
    if (parts.length === 0) return { text: toPlain(part.body, looksLikeHtml(part.body)), isPlain: true };
    const texts = parts.map((source) => textOf(parsePart(source.replace(/^\n*/, '')), depth + 1));
    const found = texts.filter(({ text }) => text.trim() !== '');
    if (!type.startsWith('multipart/alternative')) {
      return { text: found.map(({ text }) => text).join('\n\n'), isPlain: false };
    }
    return found.find(({ isPlain }) => isPlain) ?? found[0] ?? { text: '', isPlain: false };
  }
  if (type.startsWith('message/rfc822') && depth < DEEPEST_PART) return textOf(parsePart(part.body), depth + 1);
  const isAttachment = (part.headers.get('content-disposition') ?? '').toLowerCase().startsWith('attachment');
  if (isAttachment || !(type.startsWith('text') || !type.includes('/'))) return { text: '', isPlain: false };
  const text = decodeBody(part);
  const isHtml = type.startsWith('text/html') || looksLikeHtml(text);
  return { text: toPlain(text, isHtml), isPlain: !isHtml };
}

function toPlain(text: string, isHtml: boolean): string {
  return isHtml ? htmlToText(text) : text;
}

/** @param source a whole mail, headers first */
export function readMail(source: string): MailText {
  const mail = parsePart(source.replaceAll('\r\n', '\n'));
  return { subject: decodeEncodedWords(mail.headers.get('subject') ?? ''), body: textOf(mail, 0).text.trim() };
}

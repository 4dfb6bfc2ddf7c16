/** Files that hold text, but not as text: web pages, XML, notebooks, subtitles and mail, as documents. */
import type { DocumentBoundary, TextFormat } from '../../../../shared/spec/manifests/text-corpus.ts';
import type { SkippedDocument, TextDocument } from '../document.ts';
import type { ByteSource } from '../read-bytes.ts';
import { MAXIMUM_DOCUMENT_CHARACTERS, readTextDocuments } from '../read-documents.ts';
import { htmlToText } from './html-text.ts';
import { notebookToText } from './notebook-text.ts';
import { readMail } from './read-mail.ts';
import { subtitlesToText } from './subtitle-text.ts';
import { readWholeText } from './whole-text.ts';
import { xmlToText } from './xml-text.ts';

export type ProseFormat = Extract<TextFormat, 'text' | 'html' | 'xml' | 'notebook' | 'subtitles' | 'email'>;

type Documents = AsyncGenerator<(TextDocument | SkippedDocument)[]>;

const converters: Readonly<Record<Exclude<ProseFormat, 'text' | 'email'>, (text: string) => string>> = {
  html: htmlToText,
  xml: xmlToText,
  notebook: notebookToText,
  subtitles: subtitlesToText,
};

export function isProse(format: TextFormat): format is ProseFormat {
  return format === 'text' || format === 'email' || Object.hasOwn(converters, format);
}

/** @param boundary where a document ends; a message of a mailbox is at least one. @throws SkipFile */
export function readProse(source: ByteSource, format: ProseFormat, boundary: DocumentBoundary): Documents {
  if (format === 'text') return readTextDocuments(source, boundary);
  return divide(format === 'email' ? readMail(source) : convert(source, converters[format]), boundary);
}

async function* convert(source: ByteSource, toText: (text: string) => string): Documents {
  const text = toText(await readWholeText(source));
  if (text !== '') yield [{ text, line: null, isPart: false }];
}

async function* divide(documents: Documents, boundary: DocumentBoundary): Documents {
  for await (const batch of documents) {
    yield batch.flatMap<TextDocument | SkippedDocument>((item) =>
      'reason' in item ? [item] : partsOf(item, boundary),
    );
  }
}

function partsOf(document: TextDocument, boundary: DocumentBoundary): TextDocument[] {
  const { text, line } = document;
  if (boundary !== 'file') {
    const parts = text.split(boundary === 'line' ? /\n/u : /\n\s*\n/u).filter((part) => part.trim() !== '');
    return parts.map((part) => ({ text: part, line, isPart: false }));
  }
  if (text.length <= MAXIMUM_DOCUMENT_CHARACTERS) return [document];
  const parts: TextDocument[] = [];
  for (let start = 0; start < text.length;) {
    const limit = start + MAXIMUM_DOCUMENT_CHARACTERS;
    const feed = limit >= text.length ? text.length : text.lastIndexOf('\n', limit);
    const end = feed > start ? feed : limit;
    parts.push({ text: text.slice(start, end), line, isPart: true });
    start = end;
  }
  return parts;
}

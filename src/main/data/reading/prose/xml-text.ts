/**
 * The text of an XML document, such as TEI, DocBook or JATS: every element that holds text itself is a paragraph, with the
 * elements in it (emphasis, names, notes) as parts of its lines. Attributes, comments and instructions are no text.
 */
import { SaxesParser } from 'saxes';
import { messageOf } from '../../../../shared/errors.ts';
import { excerpt } from '../../../../shared/excerpt.ts';
import { SkipFile } from '../../import/skip-file.ts';

/** An element that is open: its text and that of the elements in it, in order. */
interface OpenElement {
  readonly parts: string[];
  /** Whether text stands in the element itself. */
  hasText: boolean;
}

/** @throws SkipFile `damaged` if it is not well-formed, with the line */
export function xmlToText(xml: string): string {
  const parser = new SaxesParser();
  const paragraphs: string[] = [];
  const open: OpenElement[] = [];
  const state = { isAfterElement: false };
  const finish = ({ parts, hasText }: OpenElement): void => {
    const outer = open[open.length - 1];
    // Text within a paragraph belongs to its line; whether there is a paragraph around it is known when that one ends.
    if (outer !== undefined) outer.parts.push(...(hasText ? [parts.join('')] : parts));
    else paragraphs.push(...(hasText ? [parts.join('')] : parts));
  };
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', () => {
    // Elements one right after the other are words apart, whatever stands around them.
    if (state.isAfterElement) open[open.length - 1]?.parts.push(' ');
    state.isAfterElement = false;
    open.push({ parts: [], hasText: false });
  });
  parser.on('closetag', () => {
    state.isAfterElement = true;
    const element = open.pop();
    if (element !== undefined) finish(element);
  });
  const addText = (text: string): void => {
    const element = open[open.length - 1];
    state.isAfterElement = false;
    if (element === undefined) return;
    // A line end between elements lays the file out; a blank between them is a part of the line.
    if (text.trim() !== '' || (text !== '' && !text.includes('\n'))) element.hasText = true;
    element.parts.push(text);
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  try {
    parser.write(xml).close();
  } catch (error) {
    throw new SkipFile('damaged', `is not well-formed XML: ${excerpt(messageOf(error))}`, parser.line, error);
  }
  return paragraphs
    .map((paragraph) => paragraph.replace(/\s+/gu, ' ').trim())
    .filter((paragraph) => paragraph !== '')
    .join('\n\n');
}

/** Files that are taken for text by mistake, by their first bytes. */

/** What they begin with, in Latin-1, and what to do with them. */
const knownBeginnings: readonly (readonly [RegExp, string])[] = [
  [
    /^PK\x03\x04[^]*(?:\[Content_Types\]\.xml|xl\/)/,
    'is an Office document, not text. A workbook is read where its name ends in .xlsx; save the text of others as .txt',
  ],
  [/^PK\x03\x04/, 'is a ZIP archive, not text. Unpack its texts first, or import it as images or audio'],
  [
    /^(?:\x89PNG|\xff\xd8\xff|GIF8|RIFF[^]{4}WEBP|[^]{4}ftyp(?:avi|hei|mif))/,
    'is an image, not text. Import it as images',
  ],
  [/^(?:RIFF[^]{4}WAVE|fLaC|OggS|ID3|RF64)/, 'is a recording, not text. Import it as audio'],
  [/^%PDF-/, 'is a PDF document, not text. Save its text first'],
  [/^PAR1/, 'is a Parquet file, not text. Give it the ending .parquet'],
  [/^ARROW1\0\0/, 'is an Arrow file, not text. Give it the ending .arrow'],
  [/^\{\\rtf/, 'is an RTF document, not text. Save it as plain text (.txt) first'],
  [/^\xd0\xcf\x11\xe0/, 'is an old Office document, not text. Save its table as .csv, or its text as .txt'],
];

const LOOKED_BYTES = 512;

/** What a file is that is no text, and what to do with it; undefined for what may be text. */
export function describeKind(start: Buffer): string | undefined {
  const beginning = start.toString('latin1', 0, LOOKED_BYTES);
  return knownBeginnings.find(([pattern]) => pattern.test(beginning))?.[1];
}

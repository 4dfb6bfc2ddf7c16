/**
 * Words and characters of a text that is there as tokens: a corpus keeps no other form of it. What a tokenizer writes for a text
 * depends on case and on what stands around, but the characters of its pieces, put together and folded, do not. So a word is
 * hashed piece by piece, with tables by token, and no text is made: a corpus is read at tens of millions of tokens a second.
 *
 * A text that is looked for in a corpus is read through the corpus' own tokenizer, too: what the tokenizer lost of one, accents
 * or characters that it does not know, it lost of the other.
 */
import type { TextTokenizer } from '../tokenizer/tokenizer.ts';
import { BYTE_CHARACTERS } from '../tokenizer/pre-tokenizers.ts';
import { foldText, mixBits, WORD_END, WORD_MULTIPLIER } from './folded-text.ts';
import type { UnitSink } from './unit-buffer.ts';

/** What reading needs of a tokenizer. */
export type ReadableTokenizer = Pick<
  TextTokenizer,
  'vocabularySize' | 'special' | 'token' | 'decode' | 'isContinuation' | 'spacing'
>;

const STARTS_WORD = 1;
const ENDS_WORD = 2;
/** Words begin or end within the piece. */
const DIVIDED = 4;
/** Bytes of characters that the vocabulary has cut in pieces. */
const CUT = 8;

/** The word that a reader is in the middle of. */
interface ReaderState {
  readonly word: number;
  readonly wordLength: number;
  readonly wordPlace: number;
  readonly bytes: number[];
}

export class TokenUnitReader {
  private readonly flags: Uint8Array;
  /** Of the characters of a piece. */
  private readonly hashes: Uint32Array;
  /** By what the hash of what came before is multiplied: the multiplier to the power of the piece's length. */
  private readonly powers: Uint32Array;
  /** Where the characters of piece i begin in `codes`; they end where those of the next one begin. */
  private readonly starts: Uint32Array;
  /** Folded characters, or bytes of pieces that are cut. */
  private readonly codes: Uint32Array;
  private readonly mixed: Uint32Array;
  private word = 0;
  private wordLength = 0;
  private wordPlace = 0;
  /** The bytes so far of a character that is not complete. */
  private bytes: number[] = [];

  constructor(tokenizer: ReadableTokenizer) {
    const size = tokenizer.vocabularySize;
    this.flags = new Uint8Array(size);
    this.hashes = new Uint32Array(size);
    this.powers = new Uint32Array(size).fill(1);
    this.starts = new Uint32Array(size + 1);
    const codes: number[] = [];
    for (const [id, piece] of readPieces(tokenizer).entries()) {
      this.starts[id] = codes.length;
      if (piece === undefined) {
        this.flags[id] = STARTS_WORD | ENDS_WORD; // unknown characters part words, and are not compared
      } else if (piece.bytes) {
        this.flags[id] = CUT | (piece.startsWord ? STARTS_WORD : 0);
        codes.push(...piece.bytes);
      } else {
        this.addPiece(id, piece, codes);
      }
    }
    this.starts[size] = codes.length;
    this.codes = Uint32Array.from(codes);
    this.mixed = this.codes.map(mixBits);
  }

  /** Appends the units of tokens that follow those of the last call. @param place that of the first token; they count up by one */
  read(tokens: Uint32Array, place: number, sink: UnitSink): void {
    const { flags, hashes, powers, starts, mixed } = this;
    const { characters } = sink;
    for (let index = 0; index < tokens.length; index += 1) {
      const id = tokens[index]!;
      const flag = flags[id]!;
      const start = starts[id]!;
      const end = starts[id + 1]!;
      if ((flag & STARTS_WORD) !== 0) this.finishWord(sink);
      if (this.wordLength === 0) this.wordPlace = place + index;
      if ((flag & CUT) !== 0) {
        this.readBytes(start, end, place + index, sink);
      } else if ((flag & DIVIDED) === 0) {
        this.word = (Math.imul(this.word, powers[id]!) + hashes[id]!) >>> 0;
        this.wordLength += end - start;
        if (characters !== undefined) {
          for (let at = start; at < end; at += 1) characters.push(mixed[at]!, place + index);
        }
      } else {
        for (let at = start; at < end; at += 1) this.readCode(this.codes[at]!, place + index, sink);
      }
      if ((flag & ENDS_WORD) !== 0) this.finishWord(sink);
    }
  }

  /** The text ends here: so does its last word. */
  finish(sink: UnitSink): void {
    this.finishWord(sink);
  }

  /** Begins something else in the middle of a text. @returns what `resume` needs to go on with it */
  suspend(): ReaderState {
    const { word, wordLength, wordPlace, bytes } = this;
    this.word = 0;
    this.wordLength = 0;
    this.bytes = [];
    return { word, wordLength, wordPlace, bytes };
  }

  resume({ word, wordLength, wordPlace, bytes }: ReaderState): void {
    this.word = word;
    this.wordLength = wordLength;
    this.wordPlace = wordPlace;
    this.bytes = bytes;
  }

  private addPiece(id: number, { text, startsWord }: Piece, codes: number[]): void {
    const folded = foldText(text);
    const beginsApart = folded[0] === WORD_END;
    const endsApart = folded.at(-1) === WORD_END;
    const inner = folded.slice(beginsApart ? 1 : 0, endsApart ? -1 : undefined);
    this.flags[id] =
      (startsWord || beginsApart ? STARTS_WORD : 0) |
      (endsApart ? ENDS_WORD : 0) |
      (inner.includes(WORD_END) ? DIVIDED : 0);
    for (const code of inner) {
      codes.push(code);
      this.hashes[id] = Math.imul(this.hashes[id]!, WORD_MULTIPLIER) + code;
      this.powers[id] = Math.imul(this.powers[id]!, WORD_MULTIPLIER);
    }
  }

  private readBytes(start: number, end: number, place: number, sink: UnitSink): void {
    for (let at = start; at < end; at += 1) {
      const byte = this.codes[at]!;
      if ((byte & 0xc0) !== 0x80) this.bytes = [];
      this.bytes.push(byte);
      if (this.bytes.length < bytesOfCharacter(this.bytes[0]!)) continue;
      for (const code of foldText(Buffer.from(this.bytes).toString('utf8'))) this.readCode(code, place, sink);
      this.bytes = [];
    }
  }

  private readCode(code: number, place: number, sink: UnitSink): void {
    if (code === WORD_END) {
      this.finishWord(sink);
      this.wordPlace = place;
      return;
    }
    this.word = (Math.imul(this.word, WORD_MULTIPLIER) + code) >>> 0;
    this.wordLength += 1;
    sink.characters?.push(mixBits(code), place);
  }

  private finishWord({ words }: UnitSink): void {
    if (this.wordLength > 0) words?.push(mixBits(this.word), this.wordPlace);
    this.word = 0;
    this.wordLength = 0;
  }
}

/** Of UTF-8, by its first byte. */
function bytesOfCharacter(first: number): number {
  if (first < 0xc0) return 1;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

interface Piece {
  readonly text: string;
  readonly startsWord: boolean;
  /** Instead of the text, where the piece begins or ends within a character. */
  readonly bytes: readonly number[] | undefined;
}

const CUT_CHARACTER = '\ufffd';
const byteOfCharacter = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

/** The text of every token as it continues a word, or undefined for those that stand for no text. */
function readPieces(tokenizer: ReadableTokenizer): readonly (Piece | undefined)[] {
  const special = new Set<number>(Object.values(tokenizer.special));
  const anchor = findAnchor(tokenizer, special);
  const before = anchor === undefined ? '' : tokenizer.decode([anchor]);
  return Array.from({ length: tokenizer.vocabularySize }, (_, id) => {
    if (special.has(id)) return undefined;
    const token = tokenOf(tokenizer, id);
    if (token === undefined) return undefined;
    // A decoder writes the first token of a text in a way of its own: what it adds to another one is the piece.
    const decoded = anchor === undefined ? token : tokenizer.decode([anchor, id]);
    const text = decoded.startsWith(before) ? decoded.slice(before.length) : decoded;
    const standsAlone = tokenizer.spacing === ' ' && !tokenizer.isContinuation(id);
    const bytes = text.includes(CUT_CHARACTER)
      ? Array.from(token, (character) => byteOfCharacter.get(character) ?? 0x20)
      : undefined;
    return { text, startsWord: standsAlone || /^\s/u.test(text), bytes };
  });
}

function tokenOf(tokenizer: ReadableTokenizer, id: number): string | undefined {
  try {
    return tokenizer.token(id);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // a gap in the vocabulary
    throw error;
  }
}

/** A token that is a plain letter or digit. */
function findAnchor(tokenizer: ReadableTokenizer, special: ReadonlySet<number>): number | undefined {
  for (let id = 0; id < tokenizer.vocabularySize; id += 1) {
    if (!special.has(id) && /^[A-Za-z0-9]$/.test(tokenOf(tokenizer, id) ?? '')) return id;
  }
  return undefined;
}

/**
 * Token ids in files of equal size, read by pages: uint16 where the vocabulary allows, else uint32, little endian. Beside them
 * the boundaries of sentences (in tokens) and of documents (in sentences), uint64 each, with the end after the last.
 */
import { join } from 'node:path';
import { LabError } from '../../../shared/errors.ts';
import type { TextCorpusManifest } from '../../../shared/spec/manifests/text-corpus.ts';
import { AppendingFile } from '../../files/appending-file.ts';
import { PagedFile } from '../../files/paged-file.ts';
import type { EncodedBatch } from './encode-documents.ts';

export const SENTENCES_FILE = 'sentences.bin';
export const DOCUMENTS_FILE = 'documents.bin';

/** 128 MiB of uint16. */
export const TOKENS_PER_SHARD = 2 ** 26;

export type TokenBytes = 2 | 4;

export function tokenBytesFor(vocabularySize: number): TokenBytes {
  return vocabularySize <= 65_536 ? 2 : 4;
}

function littleEndian16(tokens: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(tokens.length * 2);
  for (let index = 0; index < tokens.length; index += 1) {
    bytes[index * 2] = tokens[index]!;
    bytes[index * 2 + 1] = tokens[index]! >>> 8;
  }
  return bytes;
}

function littleEndian32(tokens: Uint32Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(tokens.length * 4);
  for (let index = 0; index < tokens.length; index += 1) bytes.writeUInt32LE(tokens[index]!, index * 4);
  return bytes;
}

/** Writes the shards and both index files of one corpus. */
export class TokenWriter {
  readonly shards: { file: string; tokens: number }[] = [];
  tokens = 0;
  sentences = 0;
  documents = 0;
  private readonly folder: string;
  private readonly tokenBytes: TokenBytes;
  private readonly tokensPerShard: number;
  private readonly sentenceStarts: AppendingFile;
  private readonly documentStarts: AppendingFile;
  private shard: AppendingFile | undefined;

  private constructor(
    folder: string,
    tokenBytes: TokenBytes,
    tokensPerShard: number,
    sentenceStarts: AppendingFile,
    documentStarts: AppendingFile,
  ) {
    this.folder = folder;
    this.tokenBytes = tokenBytes;
    this.tokensPerShard = tokensPerShard;
    this.sentenceStarts = sentenceStarts;
    this.documentStarts = documentStarts;
  }

  static async create(folder: string, tokenBytes: TokenBytes, tokensPerShard: number): Promise<TokenWriter> {
    await using opened = new AsyncDisposableStack();
    const sentences = opened.use(await AppendingFile.create(join(folder, SENTENCES_FILE)));
    const documents = opened.use(await AppendingFile.create(join(folder, DOCUMENTS_FILE)));
    opened.move();
    return new TokenWriter(folder, tokenBytes, tokensPerShard, sentences, documents);
  }

  /** Adds the documents of a batch after those that are there. */
  async append({ tokens, sentenceEnds, documentEnds }: EncodedBatch): Promise<void> {
    let sentence = 0;
    for (const end of documentEnds) {
      this.documentStarts.appendUint64(this.sentences + sentence);
      sentence = end;
    }
    let start = 0;
    for (const end of sentenceEnds) {
      this.sentenceStarts.appendUint64(this.tokens + start);
      start = end;
    }
    this.sentences += sentenceEnds.length;
    this.documents += documentEnds.length;
    await this.appendTokens(tokens);
    await this.sentenceStarts.flush();
    await this.documentStarts.flush();
  }

  private async appendTokens(tokens: Uint32Array): Promise<void> {
    for (let done = 0; done < tokens.length;) {
      const inShard = this.tokens % this.tokensPerShard;
      if (inShard === 0) await this.startShard();
      const end = Math.min(tokens.length, done + this.tokensPerShard - inShard);
      const part = tokens.subarray(done, end);
      this.shard?.append(this.tokenBytes === 2 ? littleEndian16(part) : littleEndian32(part));
      await this.shard?.flush();
      const [last] = this.shards.slice(-1);
      if (last) last.tokens += part.length;
      this.tokens += part.length;
      done = end;
    }
  }

  private async startShard(): Promise<void> {
    await this.shard?.finish();
    this.shard = undefined;
    const file = `tokens-${String(this.shards.length).padStart(5, '0')}.bin`;
    this.shard = await AppendingFile.create(join(this.folder, file));
    this.shards.push({ file, tokens: 0 });
  }

  async finish(): Promise<void> {
    this.sentenceStarts.appendUint64(this.tokens);
    this.documentStarts.appendUint64(this.sentences);
    await this.sentenceStarts.finish();
    await this.documentStarts.finish();
    await this.shard?.finish();
    this.shard = undefined;
  }

  /** After a failure: closes what is open. */
  async abandon(): Promise<void> {
    await Promise.allSettled([this.sentenceStarts.close(), this.documentStarts.close(), this.shard?.close()]);
  }
}

/** Reads tokens of any range, over the borders of shards. */
export class TokenReader {
  private readonly folder: string;
  private readonly manifest: TextCorpusManifest;
  private readonly files: (PagedFile | undefined)[] = [];

  /** @throws LabError `corrupt` if the manifest's shards do not hold its tokens */
  constructor(folder: string, manifest: TextCorpusManifest) {
    this.folder = folder;
    this.manifest = manifest;
    const { shards, tokens, tokensPerShard } = manifest;
    const stored = shards.reduce((sum, shard) => sum + shard.tokens, 0);
    if (stored !== tokens || shards.length !== Math.ceil(tokens / tokensPerShard)) {
      const path = join(folder, 'manifest.json');
      const message = `${path} is damaged: its shards hold ${stored} tokens and not ${tokens}. Import the corpus again.`;
      throw new LabError('corrupt', message, { path });
    }
  }

  /** @throws RangeError outside the corpus, LabError `corrupt` for a token that the vocabulary does not have */
  read(offset: number, length: number): Uint32Array {
    const { tokensPerShard, tokenBytes, tokens } = this.manifest;
    if (!(offset >= 0 && length >= 0 && offset + length <= tokens)) {
      throw new RangeError(`Tokens ${offset} to ${offset + length} of ${tokens} were asked for.`);
    }
    const result = new Uint32Array(length);
    for (let done = 0; done < length;) {
      const shard = Math.floor((offset + done) / tokensPerShard);
      const inShard = offset + done - shard * tokensPerShard;
      const count = Math.min(length - done, tokensPerShard - inShard);
      const bytes = this.file(shard).read(inShard * tokenBytes, count * tokenBytes);
      if (tokenBytes === 2) {
        for (let index = 0; index < count; index += 1) {
          result[done + index] = bytes[index * 2]! | (bytes[index * 2 + 1]! << 8);
        }
      } else for (let index = 0; index < count; index += 1) result[done + index] = bytes.readUInt32LE(index * 4);
      done += count;
    }
    this.requireKnown(result, offset);
    return result;
  }

  /** A token beyond the vocabulary would fail far from here, or look up what it has no right to. */
  private requireKnown(tokens: Uint32Array, offset: number): void {
    const { vocabularySize, tokensPerShard, shards } = this.manifest;
    for (let index = 0; index < tokens.length; index += 1) {
      if (tokens[index]! < vocabularySize) continue;
      const shard = Math.floor((offset + index) / tokensPerShard);
      const path = join(this.folder, shards[shard]!.file);
      const message = `${path} is damaged: token ${offset + index} is ${tokens[index]!}, of ${vocabularySize} that there are. Import the corpus again.`;
      throw new LabError('corrupt', message, { path });
    }
  }

  close(): void {
    for (const file of this.files) file?.close();
    this.files.length = 0;
  }

  private file(shard: number): PagedFile {
    const open = this.files[shard];
    if (open !== undefined) return open;
    const file = new PagedFile(join(this.folder, this.manifest.shards[shard]!.file));
    this.files[shard] = file;
    return file;
  }
}

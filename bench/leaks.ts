/**
 * How long the search for leaks takes, and how much memory: 10,000 texts against a corpus of 1 GB of text, a hundred of them planted
 * in it. The corpus is made of sentences of two thirds of the Brown corpus, drawn again and again; the texts are made of sentences
 * of the rest, so that chance finds as many common phrases as in real text.
 */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { corpusHaystack } from '../src/main/data/leaks/haystack.ts';
import { findTextLeaks } from '../src/main/data/leaks/text-leaks.ts';
import { brownTexts } from '../src/main/data/samples/brown.ts';
import type { TextCorpus } from '../src/main/data/text/corpus.ts';
import { openTextCorpus, TOKENIZER_FILE } from '../src/main/data/text/corpus.ts';
import { importTextCorpus } from '../src/main/data/text/import-corpus.ts';
import { createSentenceSplitter } from '../src/main/data/text/sentences.ts';
import { TokenWriter } from '../src/main/data/text/token-shards.ts';
import { writeManifest } from '../src/main/files/manifest-file.ts';
import { randomStream } from '../src/shared/random.ts';
import type { Bench } from './lib/bench.ts';
import { roundTo } from './lib/bench.ts';

const CORPUS_BYTES = 1e9;
const TEXTS = 10_000;
const SENTENCES_PER_TEXT = 6;
const PLANTED = 100;
const SENTENCES_PER_DOCUMENT = 40;
const DOCUMENTS_PER_BATCH = 500;

interface Material {
  readonly base: TextCorpus;
  readonly texts: readonly string[];
}

async function makeMaterial(folder: string): Promise<Material> {
  const documents = [...brownTexts()].map(({ text }) => text);
  const input = join(folder, 'text');
  await mkdir(input);
  const split = createSentenceSplitter('en');
  const heldOut: string[] = [];
  for (const [index, text] of documents.entries()) {
    if (index % 3 === 0) heldOut.push(...split(text));
    else await writeFile(join(input, `${index}.txt`), text);
  }
  const base = join(folder, 'base');
  await importTextCorpus({ sources: [input], folder: base, name: 'base', tokenizer: { vocabularySize: 8192 } });
  const random = randomStream(1);
  const texts = Array.from({ length: TEXTS }, () =>
    Array.from({ length: SENTENCES_PER_TEXT }, () => heldOut[random.integer(heldOut.length)]!).join(' '),
  );
  return { base: openTextCorpus(base), texts };
}

/** A corpus as an import writes it; every so many documents one of them is a planted text. */
async function writeCorpus(folder: string, { base, texts }: Material): Promise<void> {
  const { manifest, tokenizer } = base;
  await mkdir(folder);
  await copyFile(join(folder, '..', 'base', TOKENIZER_FILE), join(folder, TOKENIZER_FILE));
  const sentences = Array.from({ length: base.sentenceCount }, (_, index) => base.sentenceTokens(index));
  const wanted = Math.round((CORPUS_BYTES * manifest.tokens) / manifest.textBytes);
  const writer = await TokenWriter.create(folder, manifest.tokenBytes, manifest.tokensPerShard);
  const random = randomStream(2);
  let planted = 0;
  while (writer.tokens < wanted) {
    const tokens: number[] = [];
    const sentenceEnds: number[] = [];
    const documentEnds: number[] = [];
    for (let document = 0; document < DOCUMENTS_PER_BATCH; document += 1) {
      for (let sentence = 0; sentence < SENTENCES_PER_DOCUMENT; sentence += 1) {
        for (const token of sentences[random.integer(sentences.length)]!) tokens.push(token);
        sentenceEnds.push(tokens.length);
      }
      documentEnds.push(sentenceEnds.length);
    }
    if (planted < PLANTED && writer.tokens >= (planted / PLANTED) * wanted) {
      for (const token of tokenizer.encode(texts[planted]!, { recogniseSpecial: false })) tokens.push(token);
      sentenceEnds.push(tokens.length);
      documentEnds.push(sentenceEnds.length);
      planted += 1;
    }
    await writer.append({
      tokens: Uint32Array.from(tokens),
      sentenceEnds: Uint32Array.from(sentenceEnds),
      documentEnds: Uint32Array.from(documentEnds),
      unknownTokens: 0,
    });
  }
  await writer.finish();
  const { documents, sentences: sentenceCount, tokens, shards } = writer;
  const counts = { documents, sentences: sentenceCount, tokens, shards, textBytes: CORPUS_BYTES };
  await writeManifest(folder, { ...manifest, ...counts, name: 'leaks' });
}

export const bench: Bench = {
  summary: 'search for leaks: 10,000 texts against a corpus of 1 GB, and the memory it takes',
  async run(name, { progress }) {
    const folder = await mkdtemp(join(tmpdir(), 'pretext-bench-'));
    try {
      progress('making the corpus');
      const material = await makeMaterial(folder);
      const { texts } = material;
      await writeCorpus(join(folder, 'corpus'), material);
      material.base.close();
      progress('searching');
      const before = process.memoryUsage.rss();
      let peak = before;
      const processor = process.cpuUsage();
      const started = performance.now();
      const corpus = openTextCorpus(join(folder, 'corpus'));
      const { places } = await findTextLeaks(texts.entries(), corpusHaystack(corpus), {
        minimumSimilarity: 0.7,
        mostPlaces: 3,
        onProgress: () => {
          peak = Math.max(peak, process.memoryUsage.rss());
        },
      });
      const seconds = (performance.now() - started) / 1000;
      const { user, system } = process.cpuUsage(processor);
      const { tokens, textBytes } = corpus.manifest;
      corpus.close();
      const found = [...places.keys()].filter((text) => text < PLANTED).length;
      return {
        name,
        threads: 1,
        size: { texts: texts.length, corpusMegabytes: Math.round(textBytes / 1e6), tokens },
        seconds: roundTo(seconds, 1),
        // Says more than the clock where other programs use the processors too.
        processorSeconds: roundTo((user + system) / 1e6, 1),
        additionalMegabytes: Math.round((peak - before) / 1e6),
        plantedFound: `${found} of ${PLANTED}`,
        othersFound: places.size - found,
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

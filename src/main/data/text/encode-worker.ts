/** The entry of a worker thread that encodes batches of documents; see encode-pool.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { encodeDocuments, type TextBatch } from './encode-documents.ts';
import { createSentenceSplitter } from './sentences.ts';
import { createTokenizer } from '../tokenizer/tokenizer.ts';

/** What the thread is started with. */
export interface EncodeWorkerData {
  readonly tokenizerJson: string;
  readonly language: string;
}

if (parentPort !== null) {
  const port = parentPort;
  // The only one who starts this file passes this.
  const { tokenizerJson, language } = workerData as EncodeWorkerData;
  const tokenizer = createTokenizer(tokenizerJson, 'tokenizer.json');
  const splitSentences = createSentenceSplitter(language);
  port.on('message', (batch: TextBatch) => {
    const encoded = encodeDocuments(batch, tokenizer, splitSentences);
    port.postMessage(encoded, [encoded.tokens.buffer, encoded.sentenceEnds.buffer, encoded.documentEnds.buffer]);
  });
}

/** The process that `import-text` measures: imports one file and sends what it cost to the process that started it. */
import { importTextCorpus, type CorpusImportProgress } from '../../src/main/data/text/import-corpus.ts';

const [source = '', folder = ''] = process.argv.slice(2);
let peakBytes = 0;
const timer = setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}, 50);
const phaseEnds = new Map<string, number>();
const started = performance.now();
const onProgress = ({ phase }: CorpusImportProgress): void => {
  phaseEnds.set(phase, performance.now() - started);
};
const manifest = await importTextCorpus({ sources: [source], folder, name: 'bench', onProgress });
clearInterval(timer);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage();
process.send?.({
  documents: manifest.documents,
  tokens: manifest.tokens,
  seconds,
  processorSeconds: (user + system) / 1e6,
  megabytesPerSecond: manifest.textBytes / 1e6 / seconds,
  peakMegabytes: Math.max(peakBytes, process.memoryUsage.rss()) / 1e6,
  phaseEndsAfterSeconds: Object.fromEntries(
    [...phaseEnds].map(([phase, end]) => [phase, Number((end / 1000).toFixed(2))]),
  ),
});

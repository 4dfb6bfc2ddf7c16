/**
 * Whether a network that tells how an image is turned has looked at what is in it: the turns must be drawn equally often, and
 * neither colours, nor borders, nor traces of compression alone may tell them (Gidaris et al. 2018, section 2.2, on artefacts
 * of interpolation; quarter turns have none). With pictures of the quiz, the filters and neighbours.
 */
import { LabError } from '../../../shared/errors.ts';
import { wilsonInterval } from '../../../shared/stats.ts';
import { svgToPng, tilesSvg } from '../../figures/figures.ts';
import { fitLinearProbe, probeProbabilities } from '../baselines/linear-probe.ts';
import { accuracy } from '../metrics/classification.ts';
import { mostProbable, softmaxRows } from '../metrics/probabilistic.ts';
import type { Feeds, Finding, Inspection, InspectionReport, Picture } from '../task.ts';
import { collapseFindings, feedRow, gatherRows, neighbourPicture, outputRows } from './embedding-audit.ts';
import { filterPicture } from './filters.ts';
import { readPlanar } from './image-facts.ts';
import { shortcutFeatures, shortcutRows } from './shortcut-features.ts';
import { createTurnedImages, turnCount, turnNames } from './turned-images.ts';
import type { TurnedImages } from './turned-images.ts';
import type { UnlabelledImages } from './unlabelled-images.ts';

/** Images that the probes are fitted to, chosen with and scored on, each in four turns. */
const probed = { training: 256, validation: 96, test: 256 } as const;
/** A probe that is right so much more often than chance has found something. */
const suspicious = 1.5;
const shownQuestions = 16;

interface Audit extends Inspection<unknown> {
  readonly corpus: UnlabelledImages;
  readonly turned: TurnedImages;
}

/** A side in batches of the evaluation program, with what it answered. */
interface Answered {
  readonly feeds: readonly Feeds[];
  readonly rows: number;
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** @param corpus is not closed. */
export async function inspectTurned(
  inspection: Inspection<unknown>,
  corpus: UnlabelledImages,
): Promise<InspectionReport> {
  const audit = { ...inspection, corpus, turned: createTurnedImages(corpus.store, undefined, []) };
  const { sides } = corpus;
  const heldOut = sides.test.length > 0 ? sides.test : sides.validation;
  const training = draw(audit, sides.training, probed.training);
  const validation = draw(audit, sides.validation, probed.validation);
  const test = draw(audit, heldOut, probed.test);
  const { logits, embeddings } = await answer(audit, test);
  const right = accuracy(test.labels, mostProbable(logits.values, turnCount));
  const findings: Finding[] = [
    ...turnBalance(audit),
    {
      name: 'accuracy, as trained',
      summary: 'Accuracy on held-out images, each in four turns',
      value: right,
      reference: 1 / turnCount,
    },
    ...(await shortcutProbes(audit, { training, validation, test })),
    ...collapseFindings('embeddings', embeddings),
  ];
  const { shape } = corpus.store;
  const length = shape.height * shape.width * shape.channels;
  const upright = Array.from({ length: Math.floor(test.rows / turnCount) }, (_, index) => index * turnCount);
  const standing = gatherRows(
    upright.map((row) => embeddings.values.slice(row * embeddings.columns, (row + 1) * embeddings.columns)),
    upright.length,
  );
  const tile = (row: number) => ({
    pixels: readPlanar(test.images, shape.channels, upright[row]! * length, shape.height * shape.width),
    shape,
  });
  const title = 'Held-out images (blue frame) and what the network finds most alike';
  return {
    findings,
    pictures: [
      await questionPicture(audit, test, logits.values),
      ...(await filterPicture(inspection.parameters)),
      await neighbourPicture(standing, tile, title, audit.signal),
    ],
  };
}

function draw({ corpus, turned, setup, batchSize }: Audit, images: Uint32Array, wanted: number): Answered {
  const rows = turnCount * Math.min(wanted, images.length);
  const feeds = Array.from({ length: Math.ceil(rows / batchSize) }, (_, index) =>
    turned.batch(images, setup.splitSeed, index * batchSize, batchSize, rows),
  );
  const { height, width, channels } = corpus.store.shape;
  const length = height * width * channels;
  const used = (index: number): number => Math.min(batchSize, rows - index * batchSize);
  const pictures = gatherRows(
    feeds.map(({ image }, index) => (image as Float32Array).subarray(0, used(index) * length)), // the sampler's own feeds
    rows,
  );
  const labels = feeds.flatMap(({ labels: own }, index) => Array.from(own ?? []).slice(0, used(index)));
  return { feeds, rows, images: pictures.values, labels: Int32Array.from(labels) };
}

async function answer({ run, batchSize, signal }: Audit, { feeds, rows }: Answered) {
  const logits: Float32Array[] = [];
  const embeddings: Float32Array[] = [];
  for (const [index, one] of feeds.entries()) {
    if (signal.aborted) throw new LabError('aborted', 'the audit was stopped');
    const outputs = await run(one);
    const used = Math.min(batchSize, rows - index * batchSize);
    logits.push(outputRows(outputs, 'logits', used));
    embeddings.push(outputRows(outputs, 'embeddings', used));
  }
  return { logits: gatherRows(logits, rows), embeddings: gatherRows(embeddings, rows) };
}

function turnBalance({ corpus: { sides }, setup, turned }: Audit): Finding[] {
  const count = turnCount * sides.training.length;
  const counts = new Float64Array(turnCount);
  for (let counter = 0; counter < count; counter += 1) {
    counts[turned.example(sides.training, setup.splitSeed, counter).turn]! += 1;
  }
  const expected = count / turnCount;
  const value = Math.max(...counts.map((one) => Math.abs(one - expected))) / expected;
  return [
    {
      name: 'class imbalance',
      summary: 'Largest deviation of a turn from a quarter of the training examples, relative',
      value,
      reference: 0,
      ...(value > 0.1 && { warning: 'the four turns are not drawn equally often' }),
    },
  ];
}

async function shortcutProbes(
  { corpus, signal }: Audit,
  { training, validation, test }: Record<'training' | 'validation' | 'test', Answered>,
): Promise<Finding[]> {
  const { shape } = corpus.store;
  const chance = 1 / turnCount;
  const findings: Finding[] = [];
  for (const feature of shortcutFeatures) {
    const of = ({ images, rows, labels }: Answered) => ({
      features: shortcutRows(feature, images, rows, shape),
      labels,
    });
    const probe = await fitLinearProbe(of(training), of(validation), turnCount, { signal, penalties: [1, 0.1, 0.01] });
    const predicted = mostProbable(probeProbabilities(probe, of(test).features), turnCount);
    const value = accuracy(test.labels, predicted);
    const low = wilsonInterval(Math.round(value * test.rows), test.rows)?.low ?? 0;
    findings.push({
      name: `shortcut, ${feature.name}`,
      summary: `Accuracy of a linear probe that says how an image is turned from ${feature.of}`,
      value,
      reference: chance,
      ...(low > suspicious * chance && {
        warning: `how an image is turned can be told from ${feature.of} (${percent(value)}, chance is ${percent(chance)}): part of the accuracy may rest on that; ${feature.remedy}`,
      }),
    });
  }
  return findings;
}

const right = '#1a7f4b';
const wrong = '#b3361e';

/** Turned images with the model's answers: green where it is right, red where not. */
async function questionPicture({ corpus }: Audit, test: Answered, logits: Float32Array): Promise<Picture> {
  const { shape } = corpus.store;
  const length = shape.height * shape.width * shape.channels;
  const probabilities = softmaxRows(logits, turnCount);
  const predicted = mostProbable(logits, turnCount);
  const stride = Math.max(1, Math.floor(test.rows / shownQuestions) | 1); // odd, so that all turns are shown
  const rows = Array.from({ length: Math.min(shownQuestions, test.rows) }, (_, index) => (index * stride) % test.rows);
  const tiles = rows.map((row) => ({
    pixels: readPlanar(
      feedRow({ image: test.images }, 'image', row, length),
      shape.channels,
      0,
      length / shape.channels,
    ),
    shape,
    caption: `${turnNames[predicted[row]!]!} ${percent(probabilities[row * turnCount + predicted[row]!]!)}`,
    frame: predicted[row] === test.labels[row] ? right : wrong,
  }));
  const title = 'How is the image turned? (green: the model is right)';
  const svg = await tilesSvg(tiles, { columns: 4, side: 128, title });
  return { file: 'quiz.png', title, content: await svgToPng(svg, 2) };
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

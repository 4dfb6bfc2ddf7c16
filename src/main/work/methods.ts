/**
 * What workers do: all that takes long, needs a native library or reads whole files. A method is a line here and a function;
 * the lab calls it by its name and knows its types.
 */
import { diagnose } from '../runs/doctor.ts';
import { engineNames, loadEngine } from '../runs/engines.ts';
import type { SpeedQuestion } from '../runs/machine-speed.ts';
import { measureSpeed } from '../runs/machine-speed.ts';
import { messageOf } from '../../shared/errors.ts';
import type { EngineStatus } from '../../shared/contract/workspace.ts';
import { duplicatesOf, imagesOf, searchMaterial, splitsOf } from './browse.ts';
import { cardOfRun, cardOfStudy, reportOfStudy } from './cards.ts';
import { continueText } from './continue-text.ts';
import { embedExamples } from './embeddings.ts';
import { scoresOfRun } from './scores.ts';
import { confusionExamples, describeSamples, quizOf } from './examine.ts';
import { createSample, importMaterial } from './import.ts';
import { changeDataset, editsOf } from './edit-dataset.ts';
import { createBundleFor, lookAtBundle, openBundleFor, verifyBundleFor } from './bundles.ts';
import {
  detailsOfModel,
  downloadModelFor,
  importModelFor,
  layersOfModelFor,
  planHubDownload,
  previewModelFor,
} from './foreign-models.ts';
import { predictFileFor } from './predictions.ts';
import { labelNext } from './label-next.ts';
import { exportFormats, exportModel } from './exports.ts';
import { inspectSources } from './inspect.ts';
import { askModel } from './models.ts';
import { predictionTableOf } from './prediction-table.ts';
import { planOf, previewOf } from './plan.ts';
import { rehearsalOf } from './rehearse.ts';
import { testRatesOf } from './test-rates.ts';
import { cancelStudyOf, clusterOf, schedulersOf, submitStudyOf } from './study-clusters.ts';
import { summariseStudyRuns } from './study.ts';
import { checkSweep, sweepImportance } from './sweep.ts';
import { tagErrors } from './tag-errors.ts';
import { lengthsOf, tokenize } from './text-measures.ts';
import type { WorkContext, WorkMethod } from './work-context.ts';

export const workMethods = {
  import: importMaterial,
  sample: createSample,
  inspect: inspectSources,
  search: searchMaterial,
  images: imagesOf,
  splits: splitsOf,
  lengths: lengthsOf,
  duplicates: duplicatesOf,
  edit: changeDataset,
  edits: editsOf,
  tokenize,
  plan: planOf,
  preview: previewOf,
  rehearse: rehearsalOf,
  testLearningRates: testRatesOf,
  ask: askModel,
  engines: engineStatus,
  speed: (_context: WorkContext, question: SpeedQuestion) => measureSpeed(question),
  export: exportModel,
  exportFormats,
  samples: describeSamples,
  confusionExamples,
  tagErrors,
  predictionTable: predictionTableOf,
  scores: scoresOfRun,
  quiz: quizOf,
  embeddings: embedExamples,
  predictFile: predictFileFor,
  labelNext,
  modelPreview: previewModelFor,
  modelLayers: layersOfModelFor,
  modelImport: importModelFor,
  modelDetails: detailsOfModel,
  hubPlan: planHubDownload,
  hubDownload: downloadModelFor,
  lookAtBundle,
  openBundle: openBundleFor,
  createBundle: createBundleFor,
  verifyBundle: verifyBundleFor,
  continue: continueText,
  study: summariseStudyRuns,
  checkSweep,
  sweepImportance,
  schedulers: schedulersOf,
  submitStudy: submitStudyOf,
  clusterStudy: clusterOf,
  cancelStudy: cancelStudyOf,
  runCard: cardOfRun,
  studyCard: cardOfStudy,
  studyReport: reportOfStudy,
} satisfies Readonly<Record<string, WorkMethod<never, unknown>>>;

export type WorkMethods = typeof workMethods;

async function engineStatus(
  _context: WorkContext,
  { diagnose: thoroughly }: { readonly diagnose: boolean },
): Promise<EngineStatus[]> {
  const nullable = <Value>(value: Value | undefined): Value | null => value ?? null;
  if (thoroughly) {
    const { engines } = await diagnose();
    return engines.map(({ devices, ...engine }) => ({
      ...engine,
      devices: devices.map((device) => ({ ...device, reason: nullable(device.reason) })),
    }));
  }
  return Promise.all(
    engineNames.map(async (name) => {
      try {
        const { engine, version, devices } = await (await loadEngine(name)).probe();
        return {
          engine,
          version,
          problem: null,
          devices: devices.map((device) => ({
            ...device,
            reason: nullable(device.reason),
            gradientError: null,
            gigaflops: null,
            stepMilliseconds: null,
            problem: null,
          })),
        };
      } catch (error) {
        return { engine: name, version: null, problem: messageOf(error), devices: [] };
      }
    }),
  );
}

/** Every method of the contract, on one lab. */
import type { Contract } from '../../../shared/contract/index.ts';
import { contract, protocolVersion } from '../../../shared/contract/index.ts';
import type { Lab } from '../../lab/lab.ts';
import { labVersion } from '../../files/version.ts';
import type { ContractHandlers, Dispatcher } from '../dispatcher.ts';
import { createDispatcher } from '../dispatcher.ts';
import { compareHandlers } from './compare.ts';
import { demosHandlers } from './demos.ts';
import { experimentsHandlers } from './experiments.ts';
import { bundlesHandlers } from './bundles.ts';
import { labellingHandlers } from './labelling.ts';
import { predictionsHandlers } from './predictions.ts';
import { exportsHandlers } from './exports.ts';
import { jobsHandlers, samplesHandlers } from './jobs.ts';
import { materialsHandlers } from './materials.ts';
import { modelsHandlers } from './models.ts';
import { pipelinesHandlers } from './pipelines.ts';
import { registryHandlers } from './registry.ts';
import { runsHandlers } from './runs.ts';
import { studiesHandlers } from './studies.ts';
import { sweepsHandlers } from './sweeps.ts';
import { workspaceHandlers } from './workspace.ts';

export function labHandlers(lab: Lab): ContractHandlers<Contract> {
  return {
    workspace: workspaceHandlers(lab),
    jobs: jobsHandlers(lab),
    samples: samplesHandlers(lab),
    uploads: {
      begin: () => lab.uploads.begin(),
      async finish({ upload }) {
        await lab.uploads.finish(upload);
        return {};
      },
    },
    materials: materialsHandlers(lab),
    models: modelsHandlers(lab),
    registry: registryHandlers(),
    pipelines: pipelinesHandlers(lab),
    experiments: experimentsHandlers(lab),
    runs: runsHandlers(lab),
    exports: exportsHandlers(lab),
    bundles: bundlesHandlers(lab),
    labelling: labellingHandlers(lab),
    predictions: predictionsHandlers(lab),
    studies: studiesHandlers(lab),
    sweeps: sweepsHandlers(lab),
    compare: compareHandlers(lab),
    demos: demosHandlers(lab),
  };
}

/** Answered by a lab that has not looked at all of its runs yet; whatever else is asked waits until it has. */
const answeredEarly: ReadonlySet<string> = new Set([
  'workspace.info',
  'workspace.disk',
  'workspace.recent',
  'workspace.engines',
  'runs.list',
  'runs.fields',
  'runs.groups',
  'runs.queue',
  'runs.verdicts',
  'materials.list',
  'models.list',
  'jobs.list',
  'registry.tasks',
]);

/** Serves a lab to any number of clients. */
export function labDispatcher(lab: Lab, onBug?: (method: string, error: unknown) => void): Dispatcher {
  return createDispatcher({
    contract,
    handlers: labHandlers(lab),
    version: protocolVersion,
    labVersion: labVersion(),
    until: (method) => (lab.unread === 0 || answeredEarly.has(method) ? undefined : lab.whole),
    ...(onBug && { onBug }),
  });
}

/** Experiments. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Problem } from '../../../shared/contract/common.ts';
import { problem } from '../../../shared/contract/common.ts';
import type { experimentsContract } from '../../../shared/contract/experiments.ts';
import { kindFacts } from '../../../shared/spec/data-kind.ts';
import { LabError, isLabError } from '../../../shared/errors.ts';
import type { Experiment } from '../../../shared/spec/experiment/index.ts';
import { migrateStoredExperiment } from '../../../shared/spec/experiment/index.ts';
import { z } from 'zod';
import { experimentSchema } from '../../runs/experiment-schema.ts';
import { parseExperiment, resolveExperiment } from '../../runs/experiment.ts';
import { estimateFromSpeed, estimateSeconds } from '../../lab/estimate.ts';
import type { Lab } from '../../lab/lab.ts';
import type { RunRecord } from '../../lab/store/run-record.ts';
import { rememberSpeeds } from '../../runs/machine-speed.ts';
import type { DataDescription } from '../../tasks/index.ts';
import { findTask } from '../../tasks/index.ts';
import type { KnownRun } from '../../runs/pin-references.ts';
import { pinReferences } from '../../runs/pin-references.ts';
import type { SpecSource } from '../../runs/spec-file.ts';
import { parseSpecText, syntaxProblem } from '../../runs/spec-file.ts';
import { describeData } from '../../runs/describe-data.ts';
import { suggestData, suggestExperiment, suggestFromModel, suggestTask } from '../../runs/suggest-experiment.ts';
import type { ImportedModel } from '../../workspace/models.ts';
import type { HandlersOf } from '../dispatcher.ts';
import { shownAsTask } from './shown-as-task.ts';

export function experimentsHandlers(lab: Lab): HandlersOf<typeof experimentsContract> {
  const { documents, jobs, workers, changes, runs, materials } = lab;
  const speedOf = rememberSpeeds((question) => workers.call('speed', question));
  return {
    schema: () => ({ ...experimentSchema() }),
    async suggest({ task, kind, data, group, from, model }) {
      await materials.scan();
      const known = materials.list().map(describeData);
      const run = from === undefined ? undefined : runs.get(from);
      const imported = model === undefined ? undefined : requireModel(lab, model);
      const reads = imported ? imported.manifest.input.kind : run && readsOf(run.spec);
      const chosen =
        task === undefined
          ? suggestTask(known, { data, group, kind, reads })
          : { task, data: data === undefined ? suggestData(task, known) : findData(known, task, data) };
      if (imported) return suggestFromModel(chosen.task, chosen.data, imported);
      return suggestExperiment(chosen.task, { data: chosen.data, from: run, corpora: known });
    },
    validate(input) {
      const parsed =
        'text' in input ? tryParse(() => parseSpecText(input.text, 'experiment')) : { value: specSource(input.spec) };
      const checked = 'problems' in parsed ? parsed : tryParse(() => resolveExperiment(parsed.value));
      if ('problems' in checked) return { experiment: null, problems: checked.problems, settings: [], recipe: null };
      const { experiment, settings, recipe = null } = checked.value;
      return {
        experiment: asJson(experiment),
        problems: [],
        settings: settings.map((setting) => ({ ...setting, path: [...setting.path] })),
        recipe,
      };
    },
    format: ({ spec, format }) => ({
      text: format === 'json' ? `${JSON.stringify(spec, null, 2)}\n` : stringify(spec, { lineWidth: 120 }),
    }),
    async plan({ spec }, { signal }) {
      const checked = tryParse(() => parseExperiment(specSource(spec)));
      if ('problems' in checked) return { plan: null, problems: checked.problems };
      try {
        const title = `Preparing ${checked.value.data}`;
        const found = await shownAsTask(lab, 'encoding', title, signal, (options) =>
          workers.call('plan', { spec: checked.value }, options),
        );
        const { memoryBytes, diskBytes, ...plan } = found;
        const fromRuns = estimateSeconds(runs.all(), checked.value, plan);
        const { name: engine, device } = checked.value.engine;
        const time =
          fromRuns.basis === 'none'
            ? estimateFromSpeed(await speedOf({ engine, device, kind: plan.input.kind }), checked.value, plan)
            : fromRuns;
        return { plan: { ...plan, estimate: { ...time, memoryBytes, diskBytes } }, problems: [] };
      } catch (error) {
        if (isLabError(error, 'aborted') || isLabError(error, 'internal') || !isLabError(error)) throw error;
        const mend = problem.shape.mend.safeParse(error.details.mend).data;
        return {
          plan: null,
          problems: [{ path: pathOfMessage(error.message), message: error.message, ...(mend && { mend }) }],
        };
      }
    },
    async rehearse({ spec }, { signal }) {
      const experiment = parseExperiment(specSource(spec));
      // Made here: a worker that is ended cannot tidy up.
      const folder = await mkdtemp(join(tmpdir(), 'pretext-rehearsal-'));
      try {
        return await workers.callAlone('rehearse', { spec: experiment, folder }, { signal });
      } finally {
        await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      }
    },
    async preview({ spec, count, seed }, { signal }) {
      const experiment = parseExperiment(specSource(spec));
      return { items: await workers.call('preview', { spec: experiment, count, seed }, { signal }) };
    },
    testLearningRates({ spec, ...range }) {
      const experiment = parseExperiment(specSource(spec));
      const { id } = jobs.start(
        'learning-rates',
        `Learning rates for ${experiment.name}`,
        async (signal, onProgress) => ({
          result: await workers.callAlone('testLearningRates', { spec: experiment, ...range }, { signal, onProgress }),
        }),
      );
      return { job: id };
    },
    list: () =>
      documents
        .list('experiments')
        .map(({ name, savedAt, body }) => ({ name, savedAt, spec: asJson(migrateStoredExperiment(body)) })),
    async save({ name, spec, replace }) {
      const pinned = asJson(pinReferences(spec, runs.all().map(knownRun)));
      const { savedAt } = await documents.save('experiments', name, pinned, replace);
      changes.emit('experiments');
      return { name, savedAt, spec: pinned };
    },
    async delete({ name }) {
      const { savedAt, body } = await documents.delete('experiments', name);
      changes.emit('experiments');
      return { name, savedAt, spec: asJson(migrateStoredExperiment(body)) };
    },
  };
}

/** As what the network of a run reads its data. */
function readsOf({ task }: Experiment): 'tokens' | 'image' | 'frames' | undefined {
  return kindFacts(findTask(task.type).data[0] ?? '')?.input;
}

/** A corpus and a dataset may share a name: the one that the task can use. */
function findData(known: readonly DataDescription[], task: string, data: string): DataDescription | undefined {
  const named = known.filter(({ name }) => name === data);
  const kinds = findTask(task).data;
  return named.find(({ kind }) => kinds.includes(kind)) ?? named[0];
}

/** Throws `LabError('not-found')`. */
function requireModel({ models }: Lab, name: string): ImportedModel {
  const found = models.list().find((model) => model.name === name);
  if (found) return found;
  throw new LabError('not-found', `There is no model '${name}'`, { name });
}

/** What references by name are resolved with. */
export function knownRun({ id, spec, state, createdAt }: RunRecord): KnownRun {
  return { id, name: spec.name, isFinished: state === 'finished', createdAt };
}

/** A spec that came as data has no lines. */
export function specSource(value: unknown): SpecSource {
  return { value, locate: () => 'experiment' };
}

/** A complete experiment, or every problem with its place. */
export function tryParse<Value>(parse: () => Value): { readonly value: Value } | { readonly problems: Problem[] } {
  try {
    return { value: parse() };
  } catch (error) {
    if (!isLabError(error)) throw error;
    const listed = z.array(problem).safeParse(error.details.problems);
    if (listed.success && listed.data.length > 0) return { problems: listed.data };
    return { problems: [syntaxProblem(error)] };
  }
}

/** Messages of the lab begin with the field that they are about, where they are about one. */
function pathOfMessage(message: string): string[] {
  if (/^There is no (?:corpus|dataset)\b/.test(message)) return ['data'];
  const field = /^(data|freeze|pipeline|tokenizer|from|task|training)\b/.exec(message)?.[1];
  return field === undefined ? [] : [field];
}

/** Without undefined members. */
function asJson(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>; // specs are objects
}

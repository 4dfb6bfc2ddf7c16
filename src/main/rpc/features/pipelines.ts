/** Pipelines. */
import { z } from 'zod';
import type { pipelinesContract } from '../../../shared/contract/pipelines.ts';
import { pipelineInput } from '../../../shared/contract/registry.ts';
import { LabError, isLabError, messageOf } from '../../../shared/errors.ts';
import { pipelineGraph } from '../../../shared/spec/pipeline.ts';
import { problemsOf } from '../../../shared/spec/problems.ts';
import type { StoredDocument } from '../../lab/documents.ts';
import type { Lab } from '../../lab/lab.ts';
import { parseSpecText } from '../../lab/spec-file.ts';
import { checkConnection, summarisePipeline } from '../../lab/summarise-pipeline.ts';
import { resolvePipeline } from '../../nn/index.ts';
import type { HandlersOf } from '../dispatcher.ts';

const body = z.object({ input: pipelineInput, graph: pipelineGraph });

export function pipelinesHandlers({ documents, changes }: Lab): HandlersOf<typeof pipelinesContract> {
  const view = ({ name, savedAt, body: stored }: StoredDocument) => ({ name, savedAt, ...body.parse(stored) });
  return {
    resolve: ({ preset, options }) => resolvePipeline({ preset, options }),
    summarise: ({ graph, input }) => summarisePipeline(graph, input),
    checkConnection: ({ graph, input, from, to }) => checkConnection(graph, input, from, to),
    parse({ text }) {
      try {
        const { value } = parseSpecText(text, 'pipeline');
        const parsed = pipelineGraph.safeParse(value);
        if (parsed.success) return { graph: parsed.data, problems: [] };
        return {
          graph: null,
          problems: problemsOf(parsed.error, value, {}).map(({ path, message }) => ({ path: [...path], message })),
        };
      } catch (error) {
        const line = isLabError(error) ? error.details.line : undefined;
        return {
          graph: null,
          problems: [{ path: [], message: messageOf(error), ...(typeof line === 'number' && { line }) }],
        };
      }
    },
    list: () =>
      documents.list('pipelines').flatMap((document) => {
        const parsed = body.safeParse(document.body);
        return parsed.success ? [{ name: document.name, savedAt: document.savedAt, ...parsed.data }] : []; // of a newer lab
      }),
    async save({ name, input, graph, replace }) {
      const { valid, problems } = summarisePipeline(graph, input);
      if (!valid) {
        throw new LabError(
          'bad-spec',
          `The pipeline cannot be kept as it is: ${problems.map(({ message }) => message).join('; ')}`,
          { problems },
        );
      }
      const document = await documents.save('pipelines', name, { input, graph }, replace);
      changes.emit('pipelines');
      return view(document);
    },
    async delete({ name }) {
      const document = await documents.delete('pipelines', name);
      changes.emit('pipelines');
      return view(document);
    },
  };
}

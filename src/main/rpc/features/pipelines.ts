/** Pipelines. */
import { z } from 'zod';
import type { pipelinesContract } from '../../../shared/contract/pipelines.ts';
import { pipelineInput } from '../../../shared/contract/registry.ts';
import { LabError } from '../../../shared/errors.ts';
import { storedPipeline } from '../../../shared/spec/pipeline.ts';
import type { StoredDocument } from '../../lab/documents.ts';
import type { Lab } from '../../lab/lab.ts';
import { parsePipelineText } from '../../runs/pipeline-text.ts';
import { checkConnection, summarisePipeline } from '../../runs/summarise-pipeline.ts';
import { resolvePipeline } from '../../nn/index.ts';
import type { HandlersOf } from '../dispatcher.ts';

const body = z.object({ input: pipelineInput, graph: storedPipeline });

export function pipelinesHandlers({ documents, changes }: Lab): HandlersOf<typeof pipelinesContract> {
  const view = ({ name, savedAt, body: stored }: StoredDocument) => ({ name, savedAt, ...body.parse(stored) });
  return {
    resolve: ({ preset, options }) => resolvePipeline({ preset, options }),
    summarise: ({ graph, input }) => summarisePipeline(graph, input),
    checkConnection: ({ graph, input, from, to }) => checkConnection(graph, input, from, to),
    parse: ({ text }) => parsePipelineText(text),
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

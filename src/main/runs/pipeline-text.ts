/** A pipeline as a person writes it, YAML or JSON: the graph, or what is wrong with the text, each with its line and its block. */
import { z } from 'zod';
import type { Problem } from '../../shared/contract/common.ts';
import { isLabError } from '../../shared/errors.ts';
import type { PipelineGraph } from '../../shared/spec/pipeline.ts';
import { pipelineGraph } from '../../shared/spec/pipeline.ts';
import type { JsonSchema, SpecPath } from '../../shared/spec/problems.ts';
import { problemsOf } from '../../shared/spec/problems.ts';
import { parseSpecText, syntaxProblem } from './spec-file.ts';

/** The graph is null where there are problems; lines count from 1. Never throws for what is written. */
export function parsePipelineText(text: string): { graph: PipelineGraph | null; problems: Problem[] } {
  try {
    const { value, locate } = parseSpecText(text, 'pipeline');
    const parsed = pipelineGraph.safeParse(value);
    if (parsed.success) return { graph: parsed.data, problems: [] };
    const schema = z.toJSONSchema(pipelineGraph, { io: 'input' }) as JsonSchema; // the members that JsonSchema names are as in the standard
    const problems = problemsOf(parsed.error, value, schema).map(({ path, message }) => {
      const line = Number(/:(\d+)$/.exec(locate(path))?.[1]);
      const block = blockAt(value, path);
      return {
        path: [...path],
        message: block === undefined ? message : `${message} (block '${block}')`,
        ...(Number.isInteger(line) && { line }),
      };
    });
    return { graph: null, problems };
  } catch (error) {
    if (!isLabError(error)) throw error;
    return { graph: null, problems: [syntaxProblem(error)] };
  }
}

/** The id of the block that a path leads into, if it has one: its number says little. */
function blockAt(value: unknown, [list, index]: SpecPath): string | undefined {
  if (list !== 'blocks' || typeof index !== 'number') return undefined;
  const block: unknown = (value as { readonly blocks?: readonly unknown[] }).blocks?.[index]; // the path was found in it
  return typeof block === 'object' && block !== null && 'id' in block && typeof block.id === 'string'
    ? block.id
    : undefined;
}

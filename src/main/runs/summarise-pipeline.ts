/**
 * A pipeline that is being edited: block by block, as far as it can be built. A block that fails says why; blocks that need
 * it are left out without a word of their own, and all others are described.
 */
import type { z } from 'zod';
import type { Problem } from '../../shared/contract/common.ts';
import type { BlockPartSummary, BlockSummary, PipelineSummary } from '../../shared/contract/pipelines.ts';
import { messageOf } from '../../shared/errors.ts';
import type { BlockSpec } from '../../shared/spec/pipeline.ts';
import { blockSpec, pipelineGraph } from '../../shared/spec/pipeline.ts';
import type { JsonSchema } from '../../shared/spec/problems.ts';
import { problemsOf } from '../../shared/spec/problems.ts';
import { flopsOf } from '../graph/op.ts';
import type { Node, Program, Value } from '../graph/program.ts';
import { createProgram, input, withScope } from '../graph/program.ts';
import { elementCount } from '../graph/shape.ts';
import type { BlockPart, BuildContext, PipelineInput } from '../nn/index.ts';
import { buildPipeline, declareInputs, findBlock, missingEndpoint, occasionalInputs } from '../nn/index.ts';
import { isUnder } from '../training/model.ts';

type Graph = z.input<typeof pipelineGraph>;

/** The blocks of a graph that may be anything, and what is wrong with its form. */
export function readDraft(draft: unknown): {
  readonly blocks: readonly BlockSpec[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
} {
  const whole = pipelineGraph.safeParse(draft);
  if (whole.success) return { ...whole.data, problems: [] };
  const problems = problemsOf(whole.error, draft, {} satisfies JsonSchema).map(({ path, message }) => ({
    path: [...path],
    message,
  }));
  const { blocks, outputs } = (draft ?? {}) as Partial<Graph>; // whatever it is, it is looked at member by member
  const readable = (Array.isArray(blocks) ? blocks : []).flatMap((block) => {
    const parsed = blockSpec.safeParse(block);
    return parsed.success ? [parsed.data] : [];
  });
  const isRecord = typeof outputs === 'object' && !Array.isArray(outputs);
  const named = isRecord ? Object.entries(outputs).filter(([, endpoint]) => typeof endpoint === 'string') : [];
  return { blocks: readable, outputs: Object.fromEntries(named), problems: blocks?.length === 0 ? [] : problems };
}

/** Shapes and parameters of every block, and what is wrong with the graph, each with its block. Never throws for a draft. */
export function summarisePipeline(draft: unknown, input: PipelineInput): PipelineSummary {
  const { blocks, outputs, problems: formProblems } = readDraft(draft);
  const program = createProgram('pipeline');
  const context: BuildContext = { program, mode: 'evaluation', batchSize: 1, input };
  const inputs = declareInputs(context);
  const known = new Map<string, Value>(Object.entries(inputs).map(([name, value]) => [`input.${name}`, value]));
  const problems: Problem[] = [...formProblems];
  const failed = new Set<string>();
  const ids = blocks.map(({ id }) => id);
  const summaries = blocks.map((block, index): BlockSummary => {
    const needed = Object.values(block.inputs).map((endpoint) => endpoint.split('.')[0] ?? '');
    const empty = { id: block.id, type: block.type, shapes: {}, parameters: 0, flops: 0, activationBytes: 0 };
    if (needed.some((id) => failed.has(id))) {
      failed.add(block.id);
      return { ...empty, problem: null };
    }
    try {
      if (known.has(block.id)) throw new Error('two blocks have this id');
      const results = buildBlock(context, block, known, ids);
      for (const [place, [port, value]] of Object.entries(results).entries()) {
        if (place === 0) known.set(block.id, value);
        known.set(`${block.id}.${port}`, value);
      }
      const inside = lookInside(context, block, known);
      return { ...empty, ...measure(program, block.id, results), ...(inside && { inside }), problem: null };
    } catch (error) {
      failed.add(block.id);
      const message = messageOf(error).replace(new RegExp(`^${block.id}: `), '');
      problems.push({ path: ['blocks', index], message });
      return { ...empty, problem: message };
    }
  });
  const shapes: Record<string, number[]> = {};
  for (const [name, endpoint] of Object.entries(outputs)) {
    const value = known.get(endpoint);
    if (value) shapes[name] = withoutBatch(value);
    else if (!failed.has(endpoint.split('.')[0] ?? '')) {
      problems.push({ path: ['outputs', name], message: missingEndpoint(endpoint, input.kind, known.keys(), []) });
    }
  }
  if (blocks.length > 0 && Object.keys(outputs).length === 0) {
    problems.push({ path: ['outputs'], message: 'Nothing leads to the output, which the heads of tasks build on' });
  }
  return {
    valid: problems.length === 0,
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, value.shape.slice(1)])),
    blocks: summaries,
    outputs: shapes,
    total: {
      parameters: sum(summaries, ({ parameters }) => parameters),
      flops: sum(summaries, ({ flops }) => flops),
      activationBytes: sum(summaries, ({ activationBytes }) => activationBytes),
    },
    problems,
  };
}

/** One block on values that are there already: the pipeline's own builder, with everything before it as inputs. */
function buildBlock(
  context: BuildContext,
  block: BlockSpec,
  known: ReadonlyMap<string, Value>,
  ids: readonly string[],
): Record<string, Value> {
  const endpoints: Record<string, Value> = {};
  const inputs: Record<string, string> = {};
  for (const [port, endpoint] of Object.entries(block.inputs)) {
    const value = known.get(endpoint);
    if (!value && occasionalInputs.includes(endpoint)) continue; // some tasks offer it
    if (!value) throw new Error(missingEndpoint(endpoint, context.input.kind, known.keys(), ids));
    endpoints[port] = value;
    inputs[port] = `input.${port}`;
  }
  const graph = { blocks: [{ ...block, inputs }], outputs: {} };
  const { stages } = withScope(context.program, 'backbone', () => buildPipeline(context, graph, endpoints));
  return Object.fromEntries(Object.entries(stages).map(([name, value]) => [name.slice(block.id.length + 1), value]));
}

/** The parts of a block that can be opened, built in a program of their own. */
function lookInside(
  { mode, batchSize, input: kind }: BuildContext,
  { type, options, inputs }: BlockSpec,
  known: ReadonlyMap<string, Value>,
): BlockSummary['inside'] {
  const { inside } = findBlock(type);
  if (!inside) return undefined;
  const program = createProgram('inside');
  const values = Object.entries(inputs).flatMap(([port, endpoint]) => {
    const value = known.get(endpoint);
    return value ? [[port, input(program, port, value.dtype, value.shape)] as const] : [];
  });
  const parts = inside.list({ program, mode, batchSize, input: kind }, Object.fromEntries(values), options);
  return {
    option: inside.option,
    parts: parts.map(summarisePart),
  };
}

/** A step of a block that was built for one example. */
export function summarisePart({ shape, value: _value, ...part }: BlockPart): BlockPartSummary {
  return { ...part, shape: shape[0] === 1 ? shape.slice(1) : [...shape] };
}

function measure(
  program: Program,
  id: string,
  results: Readonly<Record<string, Value>>,
): Pick<BlockSummary, 'shapes' | 'parameters' | 'flops' | 'activationBytes'> {
  const path = `backbone/${id}`;
  const nodes = program.nodes.filter((node) => isUnder(node.path, path));
  return {
    shapes: Object.fromEntries(Object.entries(results).map(([port, value]) => [port, withoutBatch(value)])),
    parameters: sum([...program.parameters.values()], ({ name, role, shape }) =>
      role === 'weight' && isUnder(name, path) ? elementCount(shape) : 0,
    ),
    flops: sum(nodes, flopsOf),
    activationBytes: sum(nodes, outputBytes),
  };
}

/** Tables of weights, which some blocks give out, have no batch axis. */
function withoutBatch({ shape }: Value): number[] {
  return shape[0] === 1 ? shape.slice(1) : [...shape];
}

function outputBytes({ op, outputs }: Node): number {
  if (op.name === 'reshape') return 0; // a view of what is there
  return sum(outputs, ({ dtype, shape }) => elementCount(shape) * (dtype === 'float32' || dtype === 'int32' ? 4 : 1));
}

function sum<Item>(items: readonly Item[], amount: (item: Item) => number): number {
  return items.reduce((total, item) => total + amount(item), 0);
}

/** Whether a connection would fit: the blocks up to and with the one it leads to are built with it. */
export function checkConnection(
  draft: unknown,
  input: PipelineInput,
  from: string,
  to: { readonly block: string; readonly port: string },
): { readonly allowed: boolean; readonly reason: string | null } {
  const { blocks, outputs } = readDraft(draft);
  const source = from.split('.')[0] ?? '';
  if (source === to.block) return { allowed: false, reason: 'A block cannot feed itself' };
  if (feeds(blocks, to.block, source)) {
    return { allowed: false, reason: `${to.block} already comes before ${source}: that would be a circle` };
  }
  const target = blocks.find(({ id }) => id === to.block);
  if (!target) return { allowed: false, reason: `There is no block '${to.block}'` };
  const connected = blocks.map((block) =>
    block === target ? { ...block, inputs: { ...block.inputs, [to.port]: from } } : block,
  );
  const { blocks: described } = summarisePipeline({ blocks: inOrder(connected), outputs }, input);
  const { problem } = described.find(({ id }) => id === to.block) ?? { problem: null };
  // Other ports that are still open say nothing against this connection.
  const isAboutOthers =
    problem !== null && /needs an input '([^']+)'/.test(problem) && !problem.includes(`'${to.port}'`);
  return problem === null || isAboutOthers ? { allowed: true, reason: null } : { allowed: false, reason: problem };
}

function feeds(blocks: readonly BlockSpec[], from: string, to: string): boolean {
  const block = blocks.find(({ id }) => id === to);
  return (
    block !== undefined &&
    Object.values(block.inputs).some((endpoint) => {
      const [before = ''] = endpoint.split('.');
      return before === from || (before !== to && feeds(blocks, from, before));
    })
  );
}

/** Every block after those it needs, otherwise in the order they are in. */
export function inOrder(blocks: readonly BlockSpec[]): BlockSpec[] {
  const ordered: BlockSpec[] = [];
  const waiting = [...blocks];
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ inputs }) =>
      Object.values(inputs).every((endpoint) => !waiting.some(({ id }) => id === endpoint.split('.')[0])),
    );
    ordered.push(...waiting.splice(Math.max(0, next), 1)); // a circle is left as it is, and found when it is built
  }
  return ordered;
}

/**
 * Which data and weights went where: corpora, datasets and models, the runs that learned from them, and the runs that began with those.
 * Runs of one experiment with the same origins are one node, because a study trains hundreds of them.
 */
import type { Lineage, LineageNode } from '../../shared/contract/models.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';

interface LineageRun {
  readonly id: string;
  readonly createdAt: number;
  readonly spec: Pick<Experiment, 'name' | 'data' | 'task' | 'from'>;
}

interface Places {
  readonly runs: readonly LineageRun[];
  readonly models: readonly { readonly name: string; readonly title: string }[];
  readonly materials: readonly { readonly group: 'corpus' | 'dataset'; readonly name: string; readonly kind: string }[];
}

/** Nodes and edges; runs of one name, data, task and beginning are one node. */
export function lineageOf({ runs, models, materials }: Places): Lineage {
  const nodes = new Map<string, LineageNode>();
  const edges = new Map<string, Lineage['edges'][number]>();
  const known = new Map(models.map((model) => [model.name, model]));
  const groups = groupRuns(runs);
  const sources = new Set([...groups.values()].flatMap(({ from }) => (from === undefined ? [] : [from])));
  let alone = 0;
  for (const { name, title } of models) nodes.set(`model ${name}`, node('model', name, title));
  for (const [id, group] of groups) {
    const { first, from, members } = group;
    if (from === undefined && !sources.has(id)) {
      alone += 1;
      continue;
    }
    const many = members.length > 1 ? `, ${String(members.length)} runs` : '';
    nodes.set(id, {
      id,
      kind: 'run',
      title: first.spec.name,
      note: `${first.spec.task.type}${many}`,
      runs: members,
    });
    const material = materials.find(({ name }) => name === first.spec.data);
    const kind = material?.group ?? 'dataset';
    const data = `${kind} ${first.spec.data}`;
    if (!nodes.has(data)) nodes.set(data, node(kind, first.spec.data, material?.kind ?? 'deleted'));
    connect(data, id, 'data');
    if (from === undefined) continue;
    const model = from.startsWith('model ') ? from.slice('model '.length) : undefined;
    if (model !== undefined && !known.has(model)) nodes.set(from, node('model', model, 'deleted'));
    if (model !== undefined || groups.has(from)) connect(from, id, 'weights');
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()], alone };

  function connect(from: string, to: string, what: 'data' | 'weights'): void {
    edges.set(`${from}\n${to}`, { from, to, what });
  }
}

function node(kind: LineageNode['kind'], title: string, note: string): LineageNode {
  return { id: `${kind} ${title}`, kind, title, note, runs: [] };
}

interface Group {
  readonly first: LineageRun;
  /** The node that its weights come from. */
  readonly from: string | undefined;
  readonly members: string[];
}

/** By experiment, data, task and source, oldest first; a run begins with one that is older. */
function groupRuns(runs: readonly LineageRun[]): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  /** The node of a run, by its id and by the name of its experiment, which stands for the latest one. */
  const nodeOf = new Map<string, string>();
  for (const run of runs.toSorted((a, b) => a.createdAt - b.createdAt)) {
    const { name, data, task } = run.spec;
    const from = sourceOf(run, nodeOf);
    const id = `run ${JSON.stringify([name, data, task.type, from ?? null])}`;
    nodeOf.set(run.id, id).set(name, id);
    const group = groups.get(id);
    if (group) group.members.push(run.id);
    else groups.set(id, { first: run, from, members: [run.id] });
  }
  return groups;
}

/** Undefined for a start from scratch, and from a file, of which nothing is known. */
function sourceOf({ spec: { from } }: LineageRun, nodeOf: ReadonlyMap<string, string>): string | undefined {
  if (from === undefined || 'file' in from) return undefined;
  if ('model' in from) return `model ${from.model}`;
  const known = nodeOf.get(from.run);
  if (known !== undefined) return known;
  const [, begun] = [...nodeOf].findLast(([id]) => id.startsWith(from.run)) ?? [];
  return begun ?? `run ${from.run}`;
}

/**
 * What came of what: corpora, datasets and models, the runs that learned from them, the runs that began with those, the studies and sweeps
 * that they answer, and the exports. Runs of one experiment with the same origins are one node, and all of a study with the same origins,
 * because a study trains hundreds of them.
 */
import { basename } from 'node:path';
import { plural } from '../../shared/display.ts';
import type { Lineage, LineageNode } from '../../shared/contract/models.ts';
import type { Experiment } from '../../shared/spec/experiment/index.ts';

interface LineageRun {
  readonly id: string;
  readonly createdAt: number;
  readonly study: string | null;
  readonly spec: Pick<Experiment, 'name' | 'data' | 'task' | 'from'>;
}

/** A study or a sweep. */
interface Work {
  readonly kind: 'study' | 'sweep';
  readonly name: string;
}

interface Places {
  readonly runs: readonly LineageRun[];
  readonly models: readonly { readonly name: string; readonly title: string }[];
  readonly materials: readonly { readonly group: 'corpus' | 'dataset'; readonly name: string; readonly kind: string }[];
  readonly works: readonly Work[];
  readonly exports: readonly {
    readonly kind: 'run' | 'model';
    readonly of: string;
    readonly folder: string;
    readonly format: string;
    /** Whether the folder is still there. */
    readonly isThere: boolean;
  }[];
}

/** Nodes and edges; runs of one name, data, task and beginning are one node. */
export function lineageOf({ runs, models, materials, works, exports }: Places): Lineage {
  const nodes = new Map<string, LineageNode>();
  const edges = new Map<string, Lineage['edges'][number]>();
  const known = new Map(models.map((model) => [model.name, model]));
  const groups = groupRuns(runs, works);
  const sources = new Set([...groups.values()].flatMap(({ from }) => (from === undefined ? [] : [from])));
  const exported = new Set(exports.map(({ kind, of }) => `${kind} ${of}`));
  let alone = 0;
  for (const { name, title } of models) add('model', name, title);
  for (const [id, group] of groups) {
    const { first, from, members, work } = group;
    const isExported = members.some((member) => exported.has(`run ${member}`));
    if (from === undefined && !sources.has(id) && !work && !isExported) {
      alone += 1;
      continue;
    }
    const many = members.length > 1 || work ? `, ${plural(members.length, 'run')}` : '';
    const how = work?.kind === 'sweep' ? 'trials' : from === undefined ? 'from scratch' : 'pretrained';
    nodes.set(id, {
      id,
      kind: 'run',
      title: work ? `${work.name}: ${how}` : first.spec.name,
      note: `${first.spec.task.type}${many}`,
      runs: members,
      search: work ? `${work.name}.` : first.spec.name,
    });
    const material = materials.find(({ name }) => name === first.spec.data);
    const kind = material?.group ?? 'dataset';
    connect(add(kind, first.spec.data, material?.kind ?? 'deleted'), id, 'data');
    if (work) connect(id, add(work.kind, work.name, work.kind), 'results');
    for (const one of exports) {
      if (one.kind === 'run' && members.includes(one.of)) connect(id, addExport(one), 'weights');
    }
    if (from === undefined) continue;
    const model = from.startsWith('model ') ? from.slice('model '.length) : undefined;
    if (model !== undefined && !known.has(model)) add('model', model, 'deleted');
    if (model !== undefined || groups.has(from)) connect(from, id, 'weights');
  }
  for (const one of exports) {
    if (one.kind === 'model' && known.has(one.of)) connect(`model ${one.of}`, addExport(one), 'weights');
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()], alone };

  function connect(from: string, to: string, what: Lineage['edges'][number]['what']): void {
    edges.set(`${from}\n${to}`, { from, to, what });
  }

  function add(kind: LineageNode['kind'], title: string, note: string): string {
    const id = `${kind} ${title}`;
    if (!nodes.has(id)) nodes.set(id, { id, kind, title, note, runs: [], search: '' });
    return id;
  }

  function addExport({ kind, of, folder, format, isThere }: Places['exports'][number]): string {
    const id = `export ${folder}`;
    const note = isThere ? format : `${format}, deleted`;
    nodes.set(id, { id, kind: 'export', title: basename(folder), note, runs: kind === 'run' ? [of] : [], search: '' });
    return id;
  }
}

interface Group {
  readonly first: LineageRun;
  /** The node that its weights come from. */
  readonly from: string | undefined;
  readonly members: string[];
  readonly work: Work | undefined;
}

/** By experiment or study, data, task and source, oldest first; a run begins with one that is older. */
function groupRuns(runs: readonly LineageRun[], works: readonly Work[]): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  /** The node of a run, by its id and by the name of its experiment, which stands for the latest one. */
  const nodeOf = new Map<string, string>();
  const workOf = findWorks(works);
  for (const run of runs.toSorted((a, b) => a.createdAt - b.createdAt)) {
    const { name, data, task } = run.spec;
    const from = sourceOf(run, nodeOf);
    const work = workOf(run);
    const own = work ? [work.kind, work.name] : name;
    const id = `run ${JSON.stringify([own, data, task.type, from ?? null])}`;
    nodeOf.set(run.id, id).set(name, id);
    const group = groups.get(id);
    if (group) group.members.push(run.id);
    else groups.set(id, { first: run, from, members: [run.id], work });
  }
  return groups;
}

/** The study or the sweep of a run: as it was queued, or by its name, which begins with that of the study and a dot. */
function findWorks(works: readonly Work[]): (run: LineageRun) => Work | undefined {
  const byName = new Map(works.map((work) => [work.name, work]));
  return ({ study, spec: { name } }) => {
    const queued = study === null ? undefined : byName.get(study);
    if (queued) return queued;
    for (let end = name.lastIndexOf('.'); end > 0; end = name.lastIndexOf('.', end - 1)) {
      const found = byName.get(name.slice(0, end));
      if (found) return found;
    }
    return undefined;
  };
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

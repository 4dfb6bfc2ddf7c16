/**
 * Which connections would fit, asked of the lab when one is begun: by the time the pointer arrives, the answer is there and is
 * shown on every port at once. A connection can be drawn from an output to an input, or the other way round.
 */
import { ref } from 'vue';
import type { LabClient } from '../../../../shared/contract/index.ts';
import type { BlockInformation, PipelineInputSpec } from '../../../../shared/contract/registry.ts';
import type { Graph, Link } from './graph-editing.ts';
import { closesCircle, outputId, outputNames, parseEndpoint } from './graph-editing.ts';

export interface Verdict {
  readonly allowed: boolean;
  readonly reason: string | null;
}

/** A connection to be asked about. `from` as the graph writes it. */
export interface Proposal {
  readonly from: string;
  readonly to: Link['to'];
  /** The port at the far end, whose look tells the verdict: a `portKey`. */
  readonly farPort: string;
}

/** An input and an output of a block may have the same name. */
export function portKey(side: 'input' | 'output', block: string, port: string): string {
  return `${side} ${block}.${port}`;
}

/** Every input that a connection from a block could go to. */
export function possibleTargets(
  graph: Graph,
  informationOf: (type: string) => BlockInformation | undefined,
): readonly Link['to'][] {
  return [
    ...graph.blocks.flatMap(({ id, type }) =>
      (informationOf(type)?.inputs ?? []).map(({ name }) => ({ block: id, port: name })),
    ),
    ...outputNames.map((port) => ({ block: outputId, port })),
  ];
}

export function useConnectionCheck(lab: LabClient) {
  /** By the port at the far end. */
  const verdicts = ref<ReadonlyMap<string, Verdict>>(new Map());
  let controller: AbortController | undefined;

  async function ask(
    graph: Graph,
    input: PipelineInputSpec,
    { from, to }: Omit<Proposal, 'farPort'>,
    signal?: AbortSignal,
  ): Promise<Verdict | undefined> {
    if (closesCircle(graph, parseEndpoint(from).block, to.block)) {
      return { allowed: false, reason: 'The block would depend on itself' };
    }
    if (to.block === outputId) return { allowed: true, reason: null };
    return lab.pipelines
      .checkConnection({ graph: { ...graph }, input, from, to }, signal ? { signal } : {})
      .catch(() => undefined); // cancelled, or not to be told: the summary will say what is wrong
  }

  /** Asks about all; answers appear one by one. */
  async function begin(graph: Graph, input: PipelineInputSpec, proposals: readonly Proposal[]): Promise<void> {
    end();
    const current = new AbortController();
    controller = current;
    await Promise.all(
      proposals.map(async (proposal) => {
        const verdict = await ask(graph, input, proposal, current.signal);
        if (verdict === undefined || controller !== current) return;
        verdicts.value = new Map(verdicts.value).set(proposal.farPort, verdict);
      }),
    );
  }

  function end(): void {
    controller?.abort();
    controller = undefined;
    verdicts.value = new Map();
  }

  return { verdicts, ask, begin, end };
}

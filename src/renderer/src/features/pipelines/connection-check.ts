/**
 * Which inputs a connection from one output would fit, asked of the lab when the connection is begun: by the time the pointer
 * arrives, the answer is there and is shown on every input at once.
 */
import { ref } from 'vue';
import type { LabClient } from '../../../../shared/contract/index.ts';
import type { BlockInformation, PipelineInputSpec } from '../../../../shared/contract/registry.ts';
import type { Graph, Link } from './graph-editing.ts';
import { closesCircle, outputId, outputNames } from './graph-editing.ts';

export interface Verdict {
  readonly allowed: boolean;
  readonly reason: string | null;
}

export function targetKey({ block, port }: Link['to']): string {
  return `${block}.${port}`;
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
  const verdicts = ref<ReadonlyMap<string, Verdict>>(new Map());
  let controller: AbortController | undefined;

  /** Asks about all targets; answers appear one by one. */
  async function begin(
    graph: Graph,
    input: PipelineInputSpec,
    from: string,
    targets: readonly Link['to'][],
  ): Promise<void> {
    end();
    const current = new AbortController();
    controller = current;
    const [source = ''] = from.split('.');
    const settle = (to: Link['to'], verdict: Verdict): void => {
      if (controller === current) verdicts.value = new Map(verdicts.value).set(targetKey(to), verdict);
    };
    await Promise.all(
      targets.map(async (to) => {
        if (closesCircle(graph, source, to.block)) {
          settle(to, { allowed: false, reason: 'The block would depend on itself' });
          return;
        }
        if (to.block === outputId) {
          settle(to, { allowed: true, reason: null });
          return;
        }
        const verdict = await lab.pipelines
          .checkConnection({ graph: { ...graph }, input, from, to }, { signal: current.signal })
          .catch(() => undefined); // cancelled, or not to be told: the summary will say what is wrong
        if (verdict !== undefined) settle(to, verdict);
      }),
    );
  }

  function end(): void {
    controller?.abort();
    controller = undefined;
    verdicts.value = new Map();
  }

  return { verdicts, begin, end };
}

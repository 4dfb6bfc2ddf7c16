/** What a node of the canvas shows. */
import type { BlockSummary } from '../../../../shared/contract/pipelines.ts';

export interface BlockNodeData {
  readonly title: string;
  readonly kind: 'block' | 'input' | 'output';
  readonly type: string;
  readonly inputs: readonly { readonly name: string; readonly summary: string; readonly optional: boolean }[];
  readonly outputs: readonly { readonly name: string; readonly summary: string }[];
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly summary: BlockSummary | undefined;
}

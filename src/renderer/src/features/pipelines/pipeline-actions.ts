/** What a person can do on the page of pipelines by key or from the palette. */
import type { Action } from '../../actions/action.ts';
import type { BlockInformation } from '../../../../shared/contract/registry.ts';
import type { usePipelineDraft } from './pipeline-draft.ts';
import type { BlockEditing } from './use-block-editing.ts';

const section = 'Pipeline';
/** Pixels of the canvas by which one press of an arrow moves. */
const stride = 20;
const directions = [
  ['left', -stride, 0],
  ['right', stride, 0],
  ['up', 0, -stride],
  ['down', 0, stride],
] as const;

export interface PipelineActionsOptions {
  readonly draft: ReturnType<typeof usePipelineDraft>;
  readonly editing: BlockEditing;
  readonly blocks: readonly BlockInformation[];
  /** Asks for the name under which the pipeline is kept. */
  readonly keep: () => void;
  /** Between the graph and its text. */
  readonly switchView: () => void;
}

export function pipelineActions({
  draft,
  editing,
  blocks,
  keep,
  switchView,
}: PipelineActionsOptions): readonly Action[] {
  const { removable, links, remove, arrange, move, add } = editing;
  const hasBlocks = (): boolean => draft.graph.blocks.length > 0;
  return [
    {
      id: 'pipeline.undo',
      title: 'Undo',
      section,
      icon: 'undo',
      keys: 'mod+z',
      enabled: () => draft.canUndo,
      run: draft.undo,
    },
    {
      id: 'pipeline.redo',
      title: 'Redo',
      section,
      icon: 'redo',
      keys: 'mod+shift+z',
      enabled: () => draft.canRedo,
      run: draft.redo,
    },
    {
      id: 'pipeline.remove',
      title: 'Remove the selected blocks and connections',
      section,
      icon: 'trash',
      keys: 'delete',
      enabled: () => removable.value.size > 0 || links.value.length > 0,
      run: remove,
    },
    {
      id: 'pipeline.arrange',
      title: 'Arrange the blocks',
      section,
      icon: 'layout',
      keys: 'l',
      enabled: hasBlocks,
      run: arrange,
    },
    {
      id: 'pipeline.keep',
      title: 'Save the pipeline',
      section,
      icon: 'download',
      keys: 'mod+s',
      whileTyping: true,
      enabled: hasBlocks,
      run: keep,
    },
    { id: 'pipeline.view', title: 'Graph or JSON', section, icon: 'code', keys: 'j', run: switchView },
    ...directions.map(([direction, x, y]) => ({
      id: `pipeline.move.${direction}`,
      title: `Move the selected blocks ${direction}`,
      section,
      keys: `shift+arrow${direction}`,
      hidden: true,
      enabled: () => removable.value.size > 0,
      run: () => {
        move(x, y);
      },
    })),
    ...blocks.map((block) => ({
      id: `pipeline.add.${block.type}`,
      title: `Add ${block.title}`,
      section: 'Add a block',
      icon: 'plus' as const,
      keywords: `${block.family} ${block.type}`,
      run: () => {
        add(block);
      },
    })),
  ];
}

/** How tasks that read texts, images and recordings alike are asked. */
import type { DemoForm } from '../../../shared/contract/demos.ts';
import type { PipelineInput } from '../../nn/block.ts';

const endings = { tokens: 'text', image: 'image', frames: 'sound' } as const;

export function demoFormsOf(what: 'estimate' | 'label'): (input: PipelineInput['kind']) => DemoForm {
  return (input) => `${what}-${endings[input]}`;
}

/** A head of classification that came along with a text model. */
import type { ModelHead } from '../../../../shared/spec/manifests/model.ts';

/**
 * @param labels what the model calls its classes; numbered ones stand in
 * @param options of the task text-classification
 */
export function classificationHead(
  options: Readonly<Record<string, unknown>>,
  labels: readonly string[] | undefined,
  classes: number,
): ModelHead {
  const names = labels ?? Array.from({ length: classes }, (_, index) => `class ${String(index)}`);
  return { task: 'text-classification', title: 'Text classification', options: { ...options }, labels: [...names] };
}

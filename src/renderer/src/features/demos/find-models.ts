/** Models by task, as the page of demos lists them. */
import type { Demo } from '../../../../shared/contract/demos.ts';

export interface ModelGroup {
  readonly title: string;
  readonly demos: readonly Demo[];
}

/** Those whose run, task and data have every searched word, by task, in the order in which the lab has them. */
export function groupModels(demos: readonly Demo[], searched: string): ModelGroup[] {
  const words = searched.toLowerCase().split(/\s+/u);
  const found = demos.filter(({ run, title, data }) =>
    words.every((word) => `${run} ${title} ${data}`.toLowerCase().includes(word)),
  );
  return [...new Set(found.map(({ title }) => title))].map((title) => ({
    title,
    demos: found.filter((one) => one.title === title),
  }));
}

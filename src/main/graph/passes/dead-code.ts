/** Removes nodes that no result of the program needs, and the inputs and constants that only they read. */
import type { Program, Value } from '../program.ts';

/** What a program is for: its outputs, gradients and state assignments. */
export function resultsOf(program: Program): readonly Value[] {
  return [
    ...program.outputs.values(),
    ...program.assignments.values(),
    ...program.gradients.flatMap(({ dense, rows }) => [
      ...(dense ? [dense] : []),
      ...rows.flatMap((row) => [row.indices, row.rows]),
    ]),
  ];
}

/** A copy of the program without what `resultsOf` it does not need. Parameters and declared inputs stay. */
export function removeDeadCode(program: Program): Program {
  const needed = new Set(resultsOf(program).map(({ id }) => id));
  const kept = program.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some(({ id }) => needed.has(id))) return false;
      for (const value of node.inputs) needed.add(value.id);
      return true;
    })
    .reverse();
  const dropoutSites = program.dropoutSites.filter(({ offset }) => needed.has(offset.id));
  const deadRandom = new Set(
    program.dropoutSites.flatMap(({ offset, pool }) => [offset.id, pool.id]).filter((id) => !needed.has(id)),
  );
  return {
    ...program,
    nodes: kept,
    constants: program.constants.filter(({ id }) => needed.has(id)),
    inputs: new Map([...program.inputs].filter(([, { id }]) => !deadRandom.has(id))),
    dropoutSites,
  };
}

/** What a compiled program writes, and where each result goes. */
import type { Program, Value } from '../../graph/program.ts';

/** What a compiled program writes besides its own outputs, and where each goes. */
export interface StepPlan {
  readonly program: Program;
  /** Every output of the model, by its name in the model. */
  readonly outputs: ReadonlyMap<string, Value>;
  readonly dense: readonly { readonly name: string; readonly parameter: string }[];
  readonly rows: readonly { readonly parameter: string; readonly indices: string; readonly rows: string }[];
  readonly states: readonly { readonly name: string; readonly parameter: string }[];
}

/** Names the outputs of the model. Values that several parameters need as rows are written once. */
export function planStep(program: Program): StepPlan {
  const outputs = new Map(program.outputs);
  const rowNames = new Map<number, string>();
  const rowOutput = (value: Value): string => {
    const name = rowNames.get(value.id) ?? `rows:${String(rowNames.size)}`;
    rowNames.set(value.id, name);
    outputs.set(name, value);
    return name;
  };
  const dense = program.gradients.flatMap(({ parameter, dense: value }) => {
    if (!value) return [];
    const name = `gradient:${parameter.name}`;
    outputs.set(name, value);
    return [{ name, parameter: parameter.name }];
  });
  const rows = program.gradients.flatMap(({ parameter, rows: list }) =>
    list.map((row) => ({
      parameter: parameter.name,
      indices: rowOutput(row.indices),
      rows: rowOutput(row.rows),
    })),
  );
  const states = [...program.assignments].map(([parameter, value]) => {
    const name = `state:${parameter.name}`;
    outputs.set(name, value);
    return { name, parameter: parameter.name };
  });
  return { program, outputs, dense, rows, states };
}

/** Adding to a program without changing it. */
import type { Program } from './types.ts';

/**
 * A copy of `program` with what `build` appends to it, which the program itself does not keep: others may be compiling it, too.
 * `build` gets the program that its values belong to.
 */
export function extendProgram<Result>(
  program: Program,
  build: (root: Program) => Result,
): { readonly program: Program; readonly result: Result } {
  const [anyParameter] = program.parameters.values();
  const root = anyParameter?.value.program ?? program;
  const { constantCache } = root.internal;
  const [nodes, constants] = [root.nodes.length, root.constants.length];
  const [inputs, outputs, cached] = [root.inputs, root.outputs, constantCache].map((map) => new Set(map.keys()));
  try {
    const result = build(root);
    return {
      result,
      program: {
        ...program,
        nodes: [...program.nodes, ...root.nodes.slice(nodes)],
        constants: [...root.constants],
        inputs: new Map([...program.inputs, ...[...root.inputs].filter(([name]) => !inputs!.has(name))]),
        outputs: new Map([...program.outputs, ...[...root.outputs].filter(([name]) => !outputs!.has(name))]),
      },
    };
  } finally {
    root.nodes.length = nodes;
    root.constants.length = constants;
    keepOnly(root.inputs, inputs!);
    keepOnly(root.outputs, outputs!);
    keepOnly(constantCache, cached!);
  }
}

function keepOnly(map: Map<string, unknown>, names: ReadonlySet<string>): void {
  for (const name of [...map.keys()]) if (!names.has(name)) map.delete(name);
}

/** The block that a parameter belongs to, and the layer within one: `backbone/encoder/layer.0`, `head`. */
export function partOf(parameter: string): string {
  return /^backbone\/[^/]+(\/layer\.\d+(?=\/))?/.exec(parameter)?.[0] ?? parameter.split('/')[0] ?? parameter;
}

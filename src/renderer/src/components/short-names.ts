/**
 * Names without what all of them begin with, so that what tells them apart is seen first:
 * `study.50-labels.pretrained.1`, `study.50-labels.scratch.1` → `pretrained.1`, `scratch.1`. Cut after a dot or a dash.
 */
export function shortNames(names: readonly string[]): ReadonlyMap<string, string> {
  const [first = ''] = names;
  let shared = names.length < 2 ? 0 : first.length;
  for (const name of names) {
    let length = 0;
    while (length < shared && name[length] === first[length]) length += 1;
    shared = length;
  }
  const cut = Math.max(first.lastIndexOf('.', shared - 1), first.lastIndexOf('-', shared - 1)) + 1;
  return new Map(names.map((name) => [name, cut > 0 && cut < name.length ? `…${name.slice(cut)}` : name]));
}

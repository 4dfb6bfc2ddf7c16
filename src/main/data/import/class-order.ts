/** The order of classes, one for every kind of material: it decides the numbers that networks know them by. */

/** By value where all are whole numbers ("2" before "10"), by code units otherwise; each once. */
export function orderClasses(names: Iterable<string>): string[] {
  const list = [...new Set(names)];
  const areIntegers = list.every((name) => /^-?\d{1,15}$/.test(name));
  return areIntegers
    ? list.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1))
    : list.sort((a, b) => (a < b ? -1 : 1));
}

/** What fits: of a text that is too wide the middle is left out, because names are told apart by their ends. */
export function fittedName(text: string, room: number, measure: (text: string) => number): string {
  if (measure(text) <= room) return text;
  const characters = Array.from(text);
  for (let kept = characters.length - 1; kept > 1; kept -= 1) {
    const start = Math.floor(kept / 3);
    const cut = `${characters.slice(0, start).join('')}…${characters.slice(characters.length - (kept - start)).join('')}`;
    if (measure(cut) <= room) return cut;
  }
  return '…';
}

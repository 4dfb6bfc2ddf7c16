/** The patch quiz: on which side of the first patch does the second one lie? A person answers, then the network. */
import type { PredictionAnswer } from '../main/tasks/index.ts';
import { gridCell, patchGeometry, placeNames } from '../main/tasks/images/patch-geometry.ts';
import { formatPercent } from '../shared/display.ts';
import { button, element } from './elements.ts';
import type { PagePicture } from './pictures.ts';
import { drawPicture } from './pictures.ts';

/**
 * @param answers of the network to the eight places, in their order
 * @param place which of them is asked, 0 to 7
 */
export function patchQuiz(
  picture: PagePicture,
  options: Parameters<typeof patchGeometry>[0],
  answers: readonly PredictionAnswer[],
  place: number,
  onNext: () => void,
): HTMLElement {
  const { size, gap } = patchGeometry(options, picture);
  const side = 3 * size + 2 * gap;
  const corner = { top: Math.floor((picture.height - side) / 2), left: Math.floor((picture.width - side) / 2) };
  const cut = ([row, column]: readonly [number, number], label: string): HTMLCanvasElement =>
    drawPicture(cutOut(picture, corner.top + row * (size + gap), corner.left + column * (size + gap), size), label);
  const outcome = element('p', { role: 'status' });
  const choices = placeNames.map((name, index) =>
    button(name, () => {
      const [choice] = answers[place]?.choices ?? [];
      const truth = placeNames[place] ?? '';
      const yours = index === place ? 'Right' : `No, it lies ${truth}`;
      const its = choice ? `The network says: ${choice.label} (${formatPercent(choice.probability)})` : '';
      outcome.replaceChildren(`${yours}. ${its}`);
      for (const one of choices) one.disabled = true;
      next.hidden = false;
      next.focus();
    }),
  );
  const next = button('Next patch', onNext, { class: 'primary' });
  next.hidden = true;
  return element(
    'section',
    { 'aria-labelledby': 'quiz-title' },
    element('h2', { id: 'quiz-title' }, 'Where does the second patch lie, seen from the first?'),
    element('div', { class: 'shown' }, cut([1, 1], 'First patch'), cut(gridCell(place), 'Second patch')),
    element('div', { class: 'suggestions', role: 'group', 'aria-label': 'Places' }, ...choices),
    outcome,
    element('div', { class: 'actions' }, next),
  );
}

function cutOut({ width, channels, pixels }: PagePicture, top: number, left: number, size: number): PagePicture {
  const patch = new Uint8Array(size * size * channels);
  for (let y = 0; y < size; y += 1) {
    const start = ((top + y) * width + left) * channels;
    patch.set(pixels.subarray(start, start + size * channels), y * size * channels);
  }
  return { width: size, height: size, channels, pixels: patch };
}

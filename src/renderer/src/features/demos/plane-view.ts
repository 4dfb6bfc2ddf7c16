/** What of a plane is seen: enlarged by `scale`, then moved. A place p of the plane is seen at p × scale + offset. */
import type { Place } from './scatter.ts';

export interface PlaneView {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export const wholePlane: PlaneView = { scale: 1, x: 0, y: 0 };
const largestScale = 40;

export function seenAt({ scale, x, y }: PlaneView, place: Place): Place {
  return { x: place.x * scale + x, y: place.y * scale + y };
}

/** Enlarges so that what lies under a point stays there; never smaller than the whole plane, and never away from it. */
export function zoomed(view: PlaneView, factor: number, at: Place, size: number): PlaneView {
  const scale = Math.min(largestScale, Math.max(1, view.scale * factor));
  const grown = scale / view.scale;
  return kept({ scale, x: at.x - (at.x - view.x) * grown, y: at.y - (at.y - view.y) * grown }, size);
}

export function moved(view: PlaneView, by: Place, size: number): PlaneView {
  return kept({ ...view, x: view.x + by.x, y: view.y + by.y }, size);
}

/** The plane fills the square. */
function kept({ scale, x, y }: PlaneView, size: number): PlaneView {
  const least = size * (1 - scale);
  const within = (offset: number): number => Math.min(0, Math.max(least, offset));
  return { scale, x: within(x), y: within(y) };
}

/** Moved so that a place is seen; as it was where it is. */
export function showing(view: PlaneView, place: Place, size: number): PlaneView {
  const { x, y } = seenAt(view, place);
  if (x >= 0 && x <= size && y >= 0 && y <= size) return view;
  return moved(view, { x: size / 2 - x, y: size / 2 - y }, size);
}

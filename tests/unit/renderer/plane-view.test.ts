// What of a plane is seen when it is enlarged and moved.
import { describe, expect, it } from 'vitest';
import { moved, seenAt, showing, wholePlane, zoomed } from '../../../src/renderer/src/features/demos/plane-view.ts';

describe('the view of a plane', () => {
  it('keeps what lies under the pointer where it is', () => {
    const at = { x: 130, y: 77 };
    const once = zoomed(wholePlane, 2, at, 560);
    expect(seenAt(once, at)).toEqual(at);
    const under = { x: (at.x - once.x) / once.scale, y: (at.y - once.y) / once.scale };
    const twice = zoomed(once, 1.7, at, 560);
    expect(seenAt(twice, under).x).toBeCloseTo(at.x, 9);
    expect(seenAt(twice, under).y).toBeCloseTo(at.y, 9);
  });

  it('is never smaller than the plane and never beside it', () => {
    expect(zoomed(wholePlane, 0.2, { x: 10, y: 10 }, 560)).toEqual(wholePlane);
    const large = zoomed(wholePlane, 4, { x: 280, y: 280 }, 560);
    expect(moved(large, { x: 9999, y: -9999 }, 560)).toEqual({ scale: 4, x: 0, y: 560 - 4 * 560 });
    expect(zoomed(large, 0.25, { x: 0, y: 560 }, 560)).toEqual(wholePlane);
    expect(zoomed(wholePlane, 1e6, { x: 0, y: 0 }, 560).scale).toBe(40);
  });

  it('moves to a place that is outside', () => {
    const large = zoomed(wholePlane, 4, { x: 0, y: 0 }, 560);
    const place = { x: 500, y: 300 };
    const { x, y } = seenAt(showing(large, place, 560), place);
    expect(x >= 0 && x <= 560 && y >= 0 && y <= 560).toBe(true);
    const seen = { x: 20, y: 20 };
    expect(showing(large, seen, 560)).toBe(large);
  });
});

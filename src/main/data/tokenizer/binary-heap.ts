/** A priority queue: the smallest item first, in O(log n) a push or pop. */
export class BinaryHeap<Item> {
  private readonly items: Item[] = [];
  private readonly precedes: (a: Item, b: Item) => boolean;

  /** @param precedes a strict order; items that are equal in it come in any order. */
  constructor(precedes: (a: Item, b: Item) => boolean) {
    this.precedes = precedes;
  }

  push(item: Item): void {
    const { items, precedes } = this;
    let index = items.length;
    items.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!precedes(item, items[parent]!)) break;
      items[index] = items[parent]!;
      index = parent;
    }
    items[index] = item;
  }

  pop(): Item | undefined {
    const { items, precedes } = this;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && precedes(items[child + 1]!, items[child]!)) child += 1;
      if (!precedes(items[child]!, last)) break;
      items[index] = items[child]!;
      index = child;
    }
    items[index] = last;
    return first;
  }
}

/** Sets without common members that can be joined (Tarjan 1975); a set's name is its smallest member. */
export class DisjointSets {
  private readonly parents: Uint32Array;

  constructor(size: number) {
    this.parents = Uint32Array.from({ length: size }, (_, index) => index);
  }

  find(member: number): number {
    const { parents } = this;
    let current = member;
    while (parents[current] !== current) {
      parents[current] = parents[parents[current]!]!;
      current = parents[current]!;
    }
    return current;
  }

  join(first: number, second: number): void {
    const a = this.find(first);
    const b = this.find(second);
    if (a < b) this.parents[b] = a;
    else this.parents[a] = b;
  }

  /** For each member the smallest one of its set. */
  names(): Uint32Array {
    return this.parents.map((_, member) => this.find(member));
  }
}

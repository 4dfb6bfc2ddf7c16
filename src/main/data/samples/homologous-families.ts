/**
 * Families of related sequences with their true alignments, made by evolution of ours. An ancestor has subfamilies and these have
 * members; along each branch sites are substituted, lost and inserted. Sites differ in how fast they change, and gaps open in loops
 * alone, as in proteins. Nucleotides prefer transitions (M. Kimura 1980), residues of proteins those that BLOSUM62 finds alike.
 *
 * Residues that come from one site of the ancestor, or from one insertion, are aligned: nothing is estimated. All is a function of
 * the seed.
 */
import type { RandomStream } from '../../../shared/random.ts';
import { randomStream } from '../../../shared/random.ts';
import { blosum62 } from '../sequences/substitution-matrices.ts';
import { alignedRows } from '../text/aligned-pair.ts';

export interface FamilyOptions {
  readonly alphabet: 'protein' | 'dna';
  readonly families: number;
  /** Sequences of each family that are in no pair. */
  readonly members: number;
  /** Aligned pairs of each family, of sequences that are nowhere else; half as many are unrelated ones. */
  readonly pairs: number;
  /** Residues of the shortest and the longest ancestor. */
  readonly shortest: number;
  readonly longest: number;
  /** Expected substitutions for each site, from the ancestor to a member. */
  readonly divergence: number;
  readonly seed: number;
}

/** Families whose sequences are in unrelated pairs with each other, and so on one side of a split. */
const FAMILIES_OF_CLAN = 3;
const SUBFAMILIES = 3;
/** Share of the way that the members of a subfamily have in common. */
const SHARED_WAY = 0.4;
/** How fast sites change, against their mean. */
const RATES = [0.15, 0.5, 1.1, 2.25] as const;
/** Share of the sites that lie in loops, where gaps open, and how often they do for a substitution. */
const LOOPS = 0.3;
const GAPS_PER_SUBSTITUTION = 0.08;
/** Mean residues of a gap. */
const GAP_LENGTH = 2.5;
/** Transitions are so many times likelier than each transversion. */
const TRANSITION_BIAS = 4;

/** How often residues occur, in per mille, about as in known proteins. */
const FREQUENCIES = {
  protein: {
    ...{ A: 83, R: 55, N: 41, D: 55, C: 14, Q: 39, E: 67, G: 71, H: 23, I: 59 },
    ...{ L: 97, K: 58, M: 24, F: 39, P: 47, S: 66, T: 53, W: 11, Y: 29, V: 69 },
  },
  dna: { A: 270, C: 230, G: 230, T: 270 },
} as const satisfies Readonly<Record<FamilyOptions['alphabet'], Readonly<Record<string, number>>>>;

interface Site {
  readonly symbol: string;
  /** Of the site of the ancestor, or of the insertion, that it comes from. */
  readonly origin: number;
  readonly rate: number;
  readonly isLoop: boolean;
}

export interface FamilySequence {
  readonly name: string;
  readonly family: string;
  /** Families that stay together in a split. */
  readonly clan: string;
  readonly residues: string;
}

export interface FamilyPair {
  readonly clan: string;
  readonly isRelated: boolean;
  /** With gaps, of one length where they are related. */
  readonly first: { readonly name: string; readonly row: string };
  readonly second: { readonly name: string; readonly row: string };
}

export interface Families {
  readonly members: readonly FamilySequence[];
  readonly pairs: readonly FamilyPair[];
}

type Lineage = readonly Site[];

class Evolution {
  private readonly alphabet: readonly string[];
  private readonly weights: readonly number[];
  private readonly replacements: ReadonlyMap<string, readonly number[]>;
  private origins = 0;

  constructor(alphabet: FamilyOptions['alphabet']) {
    const frequencies = Object.entries(FREQUENCIES[alphabet]);
    this.alphabet = frequencies.map(([symbol]) => symbol);
    this.weights = frequencies.map(([, weight]) => weight);
    const affinity = alphabet === 'dna' ? ofNucleotides : ofProteins;
    this.replacements = new Map(
      frequencies.map(([from]) => [
        from,
        frequencies.map(([to, weight]) => (from === to ? 0 : weight * affinity(from, to))),
      ]),
    );
  }

  private draw(stream: RandomStream, weights: readonly number[]): string {
    let left = stream.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
    for (const [index, weight] of weights.entries()) {
      left -= weight;
      if (left < 0) return this.alphabet[index]!;
    }
    return this.alphabet[0]!;
  }

  private newSite(stream: RandomStream, isLoop: boolean): Site {
    this.origins += 1;
    // Loops change fast.
    const rate = isLoop ? RATES[3] : RATES[stream.integer(RATES.length - 1)]!;
    return { symbol: this.draw(stream, this.weights), origin: this.origins, rate, isLoop };
  }

  ancestor(stream: RandomStream, length: number): Lineage {
    const sites: Site[] = [];
    while (sites.length < length) {
      const isLoop = stream.uniform() < LOOPS;
      const run = Math.min(length - sites.length, 3 + stream.integer(4));
      for (let step = 0; step < run; step += 1) sites.push(this.newSite(stream, isLoop));
    }
    return sites;
  }

  /** @param way expected substitutions for each site */
  evolve(stream: RandomStream, lineage: Lineage, way: number): Lineage {
    const sites: Site[] = [];
    let lost = 0;
    for (const site of lineage) {
      const opens = site.isLoop && stream.uniform() < 1 - Math.exp(-way * GAPS_PER_SUBSTITUTION);
      if (opens && stream.uniform() < 0.5) lost = gapLength(stream);
      else if (opens) {
        const added = gapLength(stream);
        for (let step = 0; step < added; step += 1) sites.push(this.newSite(stream, true));
      }
      if (lost > 0) {
        lost -= 1;
        continue;
      }
      const changes = stream.uniform() < 1 - Math.exp(-way * site.rate);
      sites.push(changes ? { ...site, symbol: this.draw(stream, this.replacements.get(site.symbol)!) } : site);
    }
    return sites.length === 0 ? lineage : sites;
  }
}

function ofNucleotides(from: string, to: string): number {
  const purines = 'AG';
  return purines.includes(from) === purines.includes(to) ? TRANSITION_BIAS : 1;
}

/** The odds of half bits. */
function ofProteins(from: string, to: string): number {
  return 2 ** (blosum62.scoreOf(from, to) / 2);
}

function gapLength(stream: RandomStream): number {
  return 1 + Math.floor(Math.log(1 - stream.uniform()) / Math.log(1 - 1 / GAP_LENGTH));
}

export function homologousFamilies(options: FamilyOptions): Families {
  const { alphabet, families, divergence, shortest, longest, seed } = options;
  const evolution = new Evolution(alphabet);
  const members: FamilySequence[] = [];
  const pairs: FamilyPair[] = [];
  /** Sequences for unrelated pairs, of the families of a clan. */
  let alone: Alone[] = [];
  for (let number = 0; number < families; number += 1) {
    const stream = randomStream(seed, number);
    const family = `family${number + 1}`;
    const clan = `clan${Math.floor(number / FAMILIES_OF_CLAN) + 1}`;
    const ancestor = evolution.ancestor(stream, shortest + stream.integer(longest - shortest + 1));
    const subfamilies = Array.from({ length: SUBFAMILIES }, () =>
      evolution.evolve(stream, ancestor, divergence * SHARED_WAY),
    );
    const member = (subfamily: number): Lineage =>
      evolution.evolve(stream, subfamilies[subfamily]!, divergence * (1 - SHARED_WAY));
    for (let index = 0; index < options.members; index += 1) {
      const residues = symbolsOf(member(index % SUBFAMILIES));
      members.push({ name: `${family}-${index + 1}`, family, clan, residues });
    }
    for (let index = 0; index < options.pairs; index += 1) {
      const [one, other] = [stream.integer(SUBFAMILIES), stream.integer(SUBFAMILIES)];
      const names = ['a', 'b'].map((letter) => `${family}-pair${index + 1}${letter}`) as [string, string]; // two of them
      pairs.push({ clan, isRelated: true, ...alignedByDescent(member(one), member(other), names) });
    }
    for (let index = 0; index < options.pairs; index += 1) {
      const name = `${family}-alone${index + 1}`;
      alone.push({ family: number, number: index, name, row: symbolsOf(member(stream.integer(SUBFAMILIES))) });
    }
    const isLast = (number + 1) % FAMILIES_OF_CLAN === 0 || number + 1 === families;
    if (!isLast) continue;
    pairs.push(...unrelatedPairs(alone, clan));
    alone = [];
  }
  return { members, pairs };
}

function symbolsOf(lineage: Lineage): string {
  return lineage.map(({ symbol }) => symbol).join('');
}

function alignedByDescent(
  first: Lineage,
  second: Lineage,
  [firstName, secondName]: readonly [string, string],
): Pick<FamilyPair, 'first' | 'second'> {
  const places = new Map(second.map(({ origin }, place) => [origin, place]));
  const aligned = first.map(({ origin }) => places.get(origin) ?? -1);
  const rows = alignedRows(symbolsOf(first), symbolsOf(second), aligned);
  return { first: { name: firstName, row: rows.first }, second: { name: secondName, row: rows.second } };
}

interface Alone {
  readonly family: number;
  /** Among those of its family. */
  readonly number: number;
  readonly name: string;
  readonly row: string;
}

/** Each sequence with the next one, where families take turns. A clan of one family has none. */
function unrelatedPairs(alone: readonly Alone[], clan: string): FamilyPair[] {
  const inTurns = alone.toSorted((a, b) => a.number - b.number || a.family - b.family);
  return inTurns.flatMap((first, place) => {
    const second = inTurns[place + 1];
    if (place % 2 === 1 || !second || second.family === first.family) return [];
    return [{ clan, isRelated: false, first, second }];
  });
}

/** The pairs as aligned FASTA: a record and the one after it are a pair. */
export function* pairsAsFasta(pairs: readonly FamilyPair[]): Generator<string> {
  for (const { clan, isRelated, first, second } of pairs) {
    const label = isRelated ? 'related' : 'unrelated';
    for (const { name, row } of [first, second]) yield `>${name} family=${clan} label=${label}\n${row}\n`;
  }
}

export function* membersAsFasta(members: readonly FamilySequence[]): Generator<string> {
  for (const { name, family, residues } of members) yield `>${name} family=${family}\n${residues}\n`;
}

/** Share of the aligned residues that are the same. */
export function identityOf(pairs: readonly FamilyPair[]): number {
  let [same, all] = [0, 0];
  for (const { isRelated, first, second } of pairs) {
    if (!isRelated) continue;
    for (let place = 0; place < first.row.length; place += 1) {
      const [a, b] = [first.row[place], second.row[place]];
      if (a === '-' || b === '-') continue;
      all += 1;
      same += Number(a === b);
    }
  }
  return same / all;
}

/**
 * Entities in sequences of tags, and how many of them are found, with the definitions of seqeval (H. Nakayama 2018), which are those
 * of conlleval (E. Tjong Kim Sang 2000): tags that could not follow each other are read as if an entity began there, so that BIO,
 * IOB and IOBES are all understood, damaged or not.
 */

export interface Entity {
  readonly type: string;
  /** The first word, and the one behind the last. */
  readonly from: number;
  readonly to: number;
}

export interface EntityCounts {
  /** Entities whose type and limits are right. */
  found: number;
  answered: number;
  /** True ones. */
  support: number;
}

const TAG = /^[BIES]-./u;
const OUTSIDE = 'O';

/** Whether tags are those of entities; others, such as parts of speech, are one to a word. */
export function areEntityTags(tags: readonly string[]): boolean {
  return tags.some((tag) => tag !== OUTSIDE) && tags.every((tag) => tag === OUTSIDE || TAG.test(tag));
}

/** Type of the entities of tags that name none. */
const UNTYPED = 'entity';

/**
 * Brings the tags of a data set to what entities are read from: BILOU as IOBES (U-X is S-X, L-X is E-X), and tags that are B, I and O
 * alone as B-entity and so on. Other tags stay as they are.
 */
export function tagNormaliser(names: readonly string[]): (tag: string) => string {
  const areUntyped =
    names.includes(OUTSIDE) &&
    (names.includes('B') || names.includes('I')) &&
    names.every((name) => /^[BIESLUO]$/u.test(name));
  return (tag) => {
    const typed = areUntyped && tag !== OUTSIDE ? `${tag}-${UNTYPED}` : tag;
    if (/^U-./u.test(typed)) return `S-${typed.slice(2)}`;
    return /^L-./u.test(typed) ? `E-${typed.slice(2)}` : typed;
  };
}

function endsBefore(previous: string, previousType: string, prefix: string, type: string): boolean {
  if (previous === OUTSIDE) return false;
  if (previous === 'E' || previous === 'S') return true;
  return prefix === 'B' || prefix === 'S' || prefix === OUTSIDE || previousType !== type;
}

function beginsAt(previous: string, previousType: string, prefix: string, type: string): boolean {
  if (prefix === OUTSIDE) return false;
  if (prefix === 'B' || prefix === 'S') return true;
  return previous === 'E' || previous === 'S' || previous === OUTSIDE || previousType !== type;
}

/** The entities of a sentence, from tags such as B-PER, I-PER and O. */
export function entitiesOf(tags: readonly string[]): Entity[] {
  const entities: Entity[] = [];
  let [previous, previousType, begin] = [OUTSIDE, '', 0];
  for (const [place, tag] of [...tags, OUTSIDE].entries()) {
    const prefix = tag.charAt(0);
    const type = tag === OUTSIDE ? '' : tag.slice(2);
    if (endsBefore(previous, previousType, prefix, type)) entities.push({ type: previousType, from: begin, to: place });
    if (beginsAt(previous, previousType, prefix, type)) begin = place;
    [previous, previousType] = [prefix, type];
  }
  return entities;
}

/** Every word as an entity of its own, where tags are no entity tags. */
export function wordsAsEntities(tags: readonly string[]): Entity[] {
  return tags.map((type, from) => ({ type, from, to: from + 1 }));
}

/** The same entities as tags that may follow each other, B and I alone. */
export function repairedTags(tags: readonly string[]): string[] {
  const result = tags.map(() => OUTSIDE);
  for (const { type, from, to } of entitiesOf(tags)) {
    for (let place = from; place < to; place += 1) result[place] = `${place === from ? 'B' : 'I'}-${type}`;
  }
  return result;
}

/** Counts the entities of a sentence by their type. */
export function countEntities(
  counts: Map<string, EntityCounts>,
  truth: readonly Entity[],
  answered: readonly Entity[],
): void {
  const keyOf = ({ type, from, to }: Entity): string => `${from} ${to} ${type}`;
  const known = new Set(truth.map(keyOf));
  const countsOf = (type: string): EntityCounts => {
    const own = counts.get(type) ?? { found: 0, answered: 0, support: 0 };
    counts.set(type, own);
    return own;
  };
  for (const { type } of truth) countsOf(type).support += 1;
  for (const entity of answered) {
    const own = countsOf(entity.type);
    own.answered += 1;
    if (known.has(keyOf(entity))) own.found += 1;
  }
}

export interface EntityMetrics {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

/** 0 where there is nothing to divide by. */
export function entityMetrics({ found, answered, support }: EntityCounts): EntityMetrics {
  return {
    precision: answered === 0 ? 0 : found / answered,
    recall: support === 0 ? 0 : found / support,
    f1: answered + support === 0 ? 0 : (2 * found) / (answered + support),
    support,
  };
}

/** Over all types together (micro average). */
export function totalOf(counts: ReadonlyMap<string, EntityCounts>): EntityMetrics {
  const total: EntityCounts = { found: 0, answered: 0, support: 0 };
  for (const { found, answered, support } of counts.values()) {
    total.found += found;
    total.answered += answered;
    total.support += support;
  }
  return entityMetrics(total);
}

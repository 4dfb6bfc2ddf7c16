/** The lines of Python and of JavaScript that ask an exported tagger: a tag for each word, found by Viterbi's algorithm where it has a CRF. */
import type { TaskFacts } from '../../tasks/index.ts';

/** Outputs that a decoder reads, in their order. */
const crfOutputs = ['logits', 'transitions', 'start', 'end'] as const;

/** What a tagger of entities shows besides its best tags. */
const mended = 'pretext predict also begins every entity with a B-';

const hasEntities = ({ tags = [] }: TaskFacts): boolean => tags.some((tag) => /^[IE]-/u.test(tag));

/** After `tokenizer` and `text` are there: `words`, their tokens `ids`, and where each word `begins` in them. */
export function taggedWordsPython(length: number): string[] {
  return [
    String.raw`words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+(?:[.,]\d+)*|\S", text)`,
    'pieces = [tokenizer.encode(" " * (place > 0) + word, add_special_tokens=False).ids for place, word in enumerate(words)]',
    'special = about["preprocessing"]["specialTokens"]',
    `ids = [special["classify"], *sum(pieces, []), special["separate"]]  # at most ${length}: cut longer texts between words`,
    'begins = 1 + np.cumsum([0, *map(len, pieces[:-1])])',
  ];
}

export function tagsPython(facts: TaskFacts, hasCrf: boolean): string[] {
  const show = `print([(word, about["labels"][tag]) for word, tag in zip(words, tags)])${hasEntities(facts) ? `  # ${mended}` : ''}`;
  if (!hasCrf) {
    return ['logits = session.run(["logits"], feeds)[0]', 'tags = logits[0, begins].argmax(-1)', show];
  }
  return [
    `logits, transitions, start, end = session.run([${crfOutputs.map((name) => `"${name}"`).join(', ')}], feeds)`,
    'best, steps = logits[0, begins[0]] + start, []  # of the best sequence that ends in each tag',
    'for scores in logits[0, begins[1:]]:',
    '    paths = best[:, None] + transitions',
    '    steps.append(paths.argmax(0))',
    '    best = paths.max(0) + scores',
    'tags = [(best + end).argmax()]',
    'for step in reversed(steps): tags.insert(0, step[tags[0]])',
    show,
  ];
}

export function taggedWordsJavaScript(length: number): string[] {
  return [
    String.raw`const words = text.match(/[\p{L}\p{M}]+(?:['’-][\p{L}\p{M}]+)*|\p{N}+(?:[.,]\p{N}+)*|\S/gu);`,
    "const encode = (word, place) => tokenizer.encode(`${place > 0 ? ' ' : ''}${word}`, null, { addSpecialTokens: false });",
    'const pieces = (await Promise.all(words.map(encode))).map((encoding) => encoding.getIds());',
    'const { classify, separate } = about.preprocessing.specialTokens;',
    `const ids = [classify, ...pieces.flat(), separate]; // at most ${length}: cut longer texts between words`,
    'const begins = pieces.map((_, place) => 1 + pieces.slice(0, place).flat().length);',
  ];
}

export function tagsJavaScript(facts: TaskFacts, hasCrf: boolean): string[] {
  const show = `console.log(words.map((word, place) => [word, about.labels[tags[place]]]));${hasEntities(facts) ? ` // ${mended}` : ''}`;
  const scores =
    'const scores = begins.map((begin) => Array.from(about.labels, (_, tag) => logits.data[begin * about.labels.length + tag]));';
  const largest = 'const largest = (values) => values.indexOf(Math.max(...values));';
  if (!hasCrf) {
    return ['const { logits } = await session.run(feeds);', scores, largest, 'const tags = scores.map(largest);', show];
  }
  return [
    `const { ${crfOutputs.join(', ')} } = await session.run(feeds);`,
    scores,
    largest,
    'let best = scores[0].map((score, tag) => score + start.data[tag]); // of the best sequence that ends in each tag',
    'const steps = scores.slice(1).map((row) => {',
    '  const paths = row.map((_, tag) => best.map((score, before) => score + transitions.data[before * row.length + tag]));',
    '  best = row.map((score, tag) => score + Math.max(...paths[tag]));',
    '  return paths.map(largest);',
    '});',
    'const tags = [largest(best.map((score, tag) => score + end.data[tag]))];',
    'for (const step of steps.reverse()) tags.unshift(step[tags[0]]);',
    show,
  ];
}

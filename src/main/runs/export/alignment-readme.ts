/** The lines of Python and of JavaScript that ask an exported network which residues of two sequences belong together. */

const example = ['MKVLAAGIV', 'MRVLSAGLI'] as const;

/** @param length tokens of a sequence, the marks of its begin and end included */
export function alignmentPython(length: number): string[] {
  return [
    'from tokenizers import Tokenizer',
    'tokenizer = Tokenizer.from_file("tokenizer.json")',
    `pairs = [(${example.map((one) => `"${one}"`).join(', ')})]`,
    '# All first sequences, then all second ones.',
    'ids = [tokenizer.encode(sequence).ids for side in zip(*pairs) for sequence in side]',
    'feeds = {port.name: np.zeros((len(ids), ' + String(length) + '), np.int64) for port in session.get_inputs()}',
    'for row, own in enumerate(ids):',
    '    feeds["input_ids"][row, :len(own)] = own',
    '    feeds["attention_mask"][row, :len(own)] = 1',
    'scores = session.run(["pairScores"], feeds)[0]',
    'first, second = pairs[0]',
    'print(scores[0, :len(first), :len(second)].round(1))  # what alignments are found from, with the scores of gaps',
  ];
}

/** Lines for pairs that are padded to `length` tokens each. */
export function alignmentJavaScript(length: number): string[] {
  return [
    `const pair = [${example.map((one) => `'${one}'`).join(', ')}];`,
    "const tokenizer = Tokenizer.fromString(await readFile('tokenizer.json', 'utf8'));",
    'const ids = await Promise.all(pair.map(async (sequence) => (await tokenizer.encode(sequence)).getIds()));',
    `const rows = (value) => new Tensor('int64', BigInt64Array.from({ length: 2 * ${String(length)} }, (_, place) => BigInt(value(ids[Math.floor(place / ${String(length)})], place % ${String(length)}))), [2, ${String(length)}]);`,
    'const all = { input_ids: rows((own, at) => own[at] ?? 0), attention_mask: rows((own, at) => Number(at < own.length)), token_type_ids: rows(() => 0) };',
    'const feeds = Object.fromEntries(session.inputNames.map((name) => [name, all[name]]));',
    'const { pairScores, open, extend } = await session.run(feeds);',
    'console.log(pairScores.dims, open.data, extend.data, about.task.type);',
  ];
}

/** The README beside an exported network: what it is, and the lines of Python and of JavaScript that run it. */
import { loadTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { voiceJavaScript, voicePython } from './voice-readme.ts';
import { alignmentJavaScript, alignmentPython } from './alignment-readme.ts';
import type { NetworkDescription, PortDescription } from './describe-network.ts';
import { namesOfOutput, provenanceOf } from './describe-network.ts';
import { pythonPicture } from './python-picture.ts';
import type { ExportSubject } from './source.ts';
import { taggedWordsJavaScript, taggedWordsPython, tagsJavaScript, tagsPython } from './tagging-readme.ts';

/** The README as Markdown. */
export function onnxReadme(subject: ExportSubject, description: NetworkDescription): string {
  const { name, inputs, outputs } = description;
  const { title } = subject.model.task;
  return `# ${name}

${title}. ${provenanceOf(description)} \`model.json\` says what goes in and what
comes out, and in which order the classes are; the same is in the model's metadata.

${portTable('Inputs', inputs)}

${portTable('Outputs', outputs)}

## Python

\`pip install onnxruntime${pythonPackages(subject)}\`

\`\`\`python
${pythonLines(subject, description).join('\n')}
\`\`\`

## JavaScript

\`npm install onnxruntime-node${javaScriptPackages(subject)}\`

\`\`\`js
${javaScriptLines(subject, description).join('\n')}
\`\`\`
`;
}

function portTable(title: string, ports: readonly PortDescription[]): string {
  const rows = ports.map(
    ({ name, type, shape, meaning }) => `| \`${name}\` | ${type} | ${shape.join(' × ')} | ${meaning} |`,
  );
  return [`| ${title} | Type | Shape | |`, '| --- | --- | --- | --- |', ...rows].join('\n');
}

const kindOf = ({ model }: ExportSubject) => model.facts.input.kind;

function pythonPackages(subject: ExportSubject): string {
  if (subject.model.facts.speech) return ' numpy';
  return { tokens: ' tokenizers', image: ' pillow', frames: '' }[kindOf(subject)];
}

function javaScriptPackages(subject: ExportSubject): string {
  if (subject.model.facts.speech) return '';
  return { tokens: ' tokenizers', image: ' sharp', frames: '' }[kindOf(subject)];
}

/** What a text is, for the task: one with a blank, a beginning, or any. */
function exampleText({ model, tokenizerFile }: ExportSubject): string {
  const text = model.task.demo?.examples?.[0]?.text;
  if (text === undefined) return model.facts.tags ? 'a text to be tagged' : 'a text to be classified';
  if (tokenizerFile === undefined) return text;
  const { special, token } = loadTokenizer(tokenizerFile);
  return text.replaceAll('[MASK]', token(special.mask)); // tokenizers of others have another sign for it
}

/** The second text of tasks that compare two; undefined for all others. */
function examplePair({ model }: ExportSubject): string | undefined {
  if (model.task.demo?.form('tokens') !== 'sentence-pair') return undefined;
  return model.task.demo.examples?.[0]?.textPair ?? 'another text';
}

const pairPython = (pair: string, length: number): string[] => [
  `pair = ${JSON.stringify(pair)}`,
  `tokenizer.enable_truncation(${String(length)})`,
  'encoding = tokenizer.encode(text, pair)',
];

const pairJavaScript = (pair: string, length: number): string[] => [
  `const pair = ${JSON.stringify(pair)};`,
  `tokenizer.setTruncation(${String(length)});`,
  'const encoding = await tokenizer.encode(text, pair);',
];

function pythonLines(subject: ExportSubject, { inputs, outputs }: NetworkDescription): string[] {
  const { model } = subject;
  const [output = { name: 'logits' }] = outputs;
  const begin = [
    'import json',
    'import numpy as np',
    'import onnxruntime',
    '',
    'about = json.load(open("model.json"))',
    'session = onnxruntime.InferenceSession("model.onnx")',
  ];
  const run = `${output.name} = session.run(["${output.name}"], feeds)[0]`;
  const input = model.facts.input;
  if (input.kind === 'tokens') {
    if (model.task.type === 'alignment') return [...begin, ...alignmentPython(input.length)];
    if (model.facts.speech) return [...begin, ...voicePython(input.length)];
    const pair = examplePair(subject);
    const isNextWord = model.task.type === 'next-word';
    const read = isNextWord
      ? 'ids = [about["preprocessing"]["specialTokens"]["separate"], *tokenizer.encode(text, add_special_tokens=False).ids]'
      : pair === undefined
        ? `ids = tokenizer.encode(text).ids[:${String(input.length)}]`
        : 'ids = encoding.ids';
    const feeds: Readonly<Record<string, string>> = {
      input_ids: 'np.array([ids])',
      attention_mask: 'np.ones((1, len(ids)), np.int64)',
      token_type_ids: pair === undefined ? 'np.zeros((1, len(ids)), np.int64)' : 'np.array([encoding.type_ids])',
    };
    const [shape] = inputs.map((port) => port.shape);
    const isFixed = typeof shape?.[1] === 'number';
    const used = inputs.map(({ name }) => `"${name}": ${feeds[name] ?? 'None'}`);
    const { tags } = model.facts;
    return [
      ...(tags ? ['import re', ...begin] : begin),
      'from tokenizers import Tokenizer',
      'tokenizer = Tokenizer.from_file("tokenizer.json")',
      `text = ${JSON.stringify(exampleText(subject))}`,
      ...(pair === undefined ? [] : pairPython(pair, input.length)),
      ...(tags ? taggedWordsPython(input.length) : [read]),
      ...(isFixed
        ? fixedLengthPython(inputs, input.length, pair === undefined ? '[0] * len(ids)' : 'encoding.type_ids')
        : [`feeds = {${used.join(', ')}}`]),
      ...(tags ? tagsPython(model.facts, hasCrf(outputs)) : [run, ...textAnswerPython(subject, output.name)]),
    ];
  }
  if (input.kind === 'image') {
    return [
      ...begin,
      ...pythonPicture(subject),
      `feeds = {"pixel_values": pixels.transpose(2, 0, 1)[None]}`,
      run,
      ...(namesOfOutput(model.facts)
        ? [`for label, value in zip(about["labels"], ${output.name}[0]): print(label, value)`]
        : [`print(${output.name}.shape)`]),
    ];
  }
  const used = inputs.map(({ name }) =>
    name === 'attention_mask' ? '"attention_mask": np.ones(frames.shape[:2], np.int64)' : `"${name}": frames`,
  );
  return [
    ...begin,
    `frames = np.zeros((1, ${String(input.length)}, ${String(input.features)}), np.float32)  # log-mel frames as model.json says`,
    `feeds = {${used.join(', ')}}`,
    run,
    `print(${output.name}.shape, about["labels"])`,
  ];
}

/** Tags of a CRF are read from more than the scores of each word. */
const hasCrf = (outputs: readonly PortDescription[]): boolean => outputs.some(({ name }) => name === 'transitions');

/** A network that is unrolled over its steps reads texts of one length: the rest is padding. @param types of the tokens */
function fixedLengthPython(inputs: readonly PortDescription[], length: number, types: string): string[] {
  const values: Readonly<Record<string, string>> = {
    input_ids: `[ids + [0] * (${String(length)} - len(ids))]`,
    attention_mask: `[[1] * len(ids) + [0] * (${String(length)} - len(ids))]`,
    token_type_ids: `[${types} + [0] * (${String(length)} - len(ids))]`,
  };
  return [`feeds = {${inputs.map(({ name }) => `"${name}": np.array(${values[name] ?? '[]'})`).join(', ')}}`];
}

/** Whether an answer is one number for each token of the vocabulary. */
const answersTokens = ({ model }: ExportSubject): boolean => /^(?:masked-words|next-word)/u.test(model.task.type);

/** @param output the variable that has what the network answers */
function textAnswerPython(subject: ExportSubject, output: string): string[] {
  const { model } = subject;
  if (!answersTokens(subject)) {
    if (!namesOfOutput(model.facts)) return [`print(${output}.shape)`];
    return [`for label, value in zip(about["labels"], ${output}[0]): print(label, value)`];
  }
  const place =
    model.task.type === 'next-word' ? 'len(ids) - 1' : 'ids.index(about["preprocessing"]["specialTokens"]["mask"])';
  return [
    `best = np.argsort(-${output}[0, ${place}])[:5]`,
    'print([tokenizer.id_to_token(int(token)) for token in best])',
  ];
}

function textAnswerJavaScript(subject: ExportSubject, output: string): string[] {
  if (!answersTokens(subject)) {
    if (!namesOfOutput(subject.model.facts)) return [`console.log(${output}.dims);`];
    return [`console.log(about.labels.map((label, index) => [label, ${output}.data[index]]));`];
  }
  const place =
    subject.model.task.type === 'next-word' ? 'ids.length - 1' : 'ids.indexOf(about.preprocessing.specialTokens.mask)';
  return [
    `const [, , size] = ${output}.dims;`,
    `const scores = ${output}.data.slice((${place}) * size, (${place} + 1) * size);`,
    'const best = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]).slice(0, 5);',
    'console.log(best.map((token) => tokenizer.idToToken(token)));',
  ];
}

function javaScriptLines(subject: ExportSubject, { inputs, outputs }: NetworkDescription): string[] {
  const { model } = subject;
  const [output = { name: 'logits' }] = outputs;
  const begin = [
    "import { readFile } from 'node:fs/promises';",
    "import { InferenceSession, Tensor } from 'onnxruntime-node';",
    ...(model.facts.input.kind === 'tokens' && !model.facts.speech ? ["import { Tokenizer } from 'tokenizers';"] : []),
    ...(model.facts.input.kind === 'image' ? ["import sharp from 'sharp';"] : []),
    '',
    "const about = JSON.parse(await readFile('model.json', 'utf8'));",
    "const session = await InferenceSession.create('model.onnx');",
  ];
  const input = model.facts.input;
  const run = `const { ${output.name} } = await session.run(feeds);`;
  if (input.kind === 'tokens') {
    if (model.task.type === 'alignment') return [...begin, ...alignmentJavaScript(input.length)];
    if (model.facts.speech) return [...begin, ...voiceJavaScript(input.length)];
    const pair = examplePair(subject);
    const isNextWord = model.task.type === 'next-word';
    const [shape] = inputs.map((port) => port.shape);
    const length = typeof shape?.[1] === 'number' ? String(input.length) : 'ids.length';
    const feeds: Readonly<Record<string, string>> = {
      input_ids: 'ids[position] ?? 0',
      attention_mask: 'Number(position < ids.length)',
      token_type_ids: pair === undefined ? '0' : 'encoding.getTypeIds()[position] ?? 0',
    };
    const { tags } = model.facts;
    const read = isNextWord
      ? 'const ids = [about.preprocessing.specialTokens.separate, ...(await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds()];'
      : pair === undefined
        ? `const ids = (await tokenizer.encode(text)).getIds().slice(0, ${String(input.length)});`
        : 'const ids = encoding.getIds();';
    return [
      ...begin,
      `const text = ${JSON.stringify(exampleText(subject))};`,
      "const tokenizer = Tokenizer.fromString(await readFile('tokenizer.json', 'utf8'));",
      ...(pair === undefined ? [] : pairJavaScript(pair, input.length)),
      ...(tags ? taggedWordsJavaScript(input.length) : [read]),
      `const row = (value) => new Tensor('int64', BigInt64Array.from({ length: ${length} }, (_, position) => BigInt(value(position))), [1, ${length}]);`,
      `const feeds = { ${inputs.map(({ name }) => `${name}: row((position) => ${feeds[name] ?? '0'})`).join(', ')} };`,
      ...(tags ? tagsJavaScript(model.facts, hasCrf(outputs)) : [run, ...textAnswerJavaScript(subject, output.name)]),
    ];
  }
  if (input.kind === 'image') {
    const { height, width, channels } = input;
    const size = `${String(height)} * ${String(width)}`;
    return [
      ...begin,
      `const image = sharp('picture.png').resize({ width: ${String(width)}, height: ${String(height)}, fit: 'fill' }).toColourspace('${channels === 3 ? 'srgb' : 'b-w'}').removeAlpha();`,
      'const pixels = await image.raw().toBuffer();',
      `const planes = Float32Array.from({ length: pixels.length }, (_, place) => pixels[(place % (${size})) * ${String(channels)} + Math.floor(place / (${size}))] / 255);`,
      `const feeds = { pixel_values: new Tensor('float32', planes, [1, ${String(channels)}, ${String(height)}, ${String(width)}]) };`,
      run,
      namesOfOutput(model.facts)
        ? `console.log(about.labels.map((label, index) => [label, ${output.name}.data[index]]));`
        : `console.log(${output.name}.dims);`,
    ];
  }
  const shape = `[1, ${String(input.length)}, ${String(input.features)}]`;
  const mask = `attention_mask: new Tensor('int64', new BigInt64Array(${String(input.length)}).fill(1n), [1, ${String(input.length)}])`;
  return [
    ...begin,
    `const frames = new Float32Array(${String(input.length * input.features)}); // log-mel frames as model.json says`,
    `const feeds = { input_features: new Tensor('float32', frames, ${shape})${inputs.length > 1 ? `, ${mask}` : ''} };`,
    run,
    `console.log(${output.name}.dims, about.labels);`,
  ];
}

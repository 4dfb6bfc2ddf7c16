/**
 * A foreign network as a block's option: its nodes in the words of ONNX, small constants, and the names, shapes and beginnings
 * of its weights, whose numbers lie where all weights lie. It is one text, so that an experiment, a run folder and a pipeline
 * that is passed on have all of it, and short enough: compressed JSON.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';

const names = z.array(z.string());
const sizes = z.array(z.int().min(0));

/** Numbers as JSON has them, and those that it has not. */
const numeral = z.union([z.number(), z.enum(['Infinity', '-Infinity', 'NaN']).transform(Number)]);
const tensorKind = z.enum(['float', 'integer', 'boolean']);

const constantSchema = z.strictObject({ name: z.string(), kind: tensorKind, shape: sizes, data: z.array(numeral) });

const attributeSchema = z.union([
  z.string(),
  numeral,
  z.array(numeral),
  names,
  z.strictObject({ unreadable: z.string() }),
]);

const nodeSchema = z.strictObject({
  op: z.string(),
  domain: z.string(),
  name: z.string(),
  inputs: names,
  outputs: names,
  attributes: z.record(z.string(), attributeSchema),
});

const weightSchema = z.strictObject({
  /** Of the value in the network. */
  name: z.string(),
  /** Of the parameter, under the block's path. */
  parameter: z.string(),
  shape: sizes,
  role: z.enum(['weight', 'state']),
  /** How it starts where nothing pretrained is loaded; a number is the fan of He et al. 2015. */
  start: z.union([z.enum(['zeros', 'ones']), z.int().positive()]),
});

const feedSchema = z.strictObject({
  /** Of the input in the network. */
  name: z.string(),
  kind: tensorKind,
  /** Port of the block. */
  port: z.enum(['image', 'tokens', 'mask', 'segments', 'sequence']),
  /** Images with their channels last, sequences with their steps first. */
  permutation: z.array(z.int().min(0)).optional(),
  /** As declared; null where any size will do. The first one of what is fed is the batch. */
  shape: z.array(z.int().positive().nullable()),
});

const networkSchema = z.strictObject({
  opset: z.int(),
  nodes: z.array(nodeSchema).min(1),
  constants: z.array(constantSchema),
  weights: z.array(weightSchema),
  feeds: z.array(feedSchema).min(1),
  outputs: names,
});

export type OnnxNetwork = z.infer<typeof networkSchema>;
export type NetworkNode = OnnxNetwork['nodes'][number];
export type NetworkAttribute = z.infer<typeof attributeSchema>;
export type NetworkConstant = OnnxNetwork['constants'][number];
export type NetworkFeed = OnnxNetwork['feeds'][number];
export type NetworkWeight = OnnxNetwork['weights'][number];

/** A packed network cannot unfold to more. */
const maximumBytes = 64 * 2 ** 20;

/** The network as a text. Equal networks give equal texts. */
export function packNetwork(network: OnnxNetwork): string {
  const exact = (_key: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
  return deflateRawSync(JSON.stringify(network, exact), { level: 9 }).toString('base64');
}

/** Of the texts that were unpacked last: every build of a pipeline asks for its network. */
const recent = new Map<string, OnnxNetwork>();
const kept = 4;

/** Throws `LabError('bad-spec')` for a text that `packNetwork` did not make. */
export function unpackNetwork(text: string): OnnxNetwork {
  const known = recent.get(text);
  if (known) return known;
  let network: OnnxNetwork;
  try {
    const json = inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: maximumBytes }).toString('utf8');
    network = networkSchema.parse(JSON.parse(json));
  } catch (error) {
    throw new LabError('bad-spec', 'network: this is not a whole network. Import the model again', {}, error);
  }
  recent.set(text, network);
  for (const oldest of recent.keys()) if (recent.size > kept) recent.delete(oldest);
  return network;
}

/** Serialises an `OnnxGraph` as an ONNX model. */
import type { OnnxAttribute, OnnxGraph, OnnxTensor, OnnxValueInfo } from '../../graph/onnx.ts';
import { attributeTypes, elementTypes, modelProto } from './schema.ts';

/** Opset 17 has LayerNormalization; every consumer of today reads it. */
const opsetVersion = 17;
const irVersion = 8;

export interface OnnxModelInfo {
  readonly producerVersion?: string;
  readonly documentation?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The bytes of a `.onnx` file. Only the domains that the graph uses are imported. */
export function writeOnnx(graph: OnnxGraph, info: OnnxModelInfo = {}): Uint8Array {
  const domains = new Set(domainsOf(graph));
  const opsetImport = [
    { domain: '', version: opsetVersion },
    ...[...domains].filter((domain) => domain !== '').map((domain) => ({ domain, version: 1 })),
  ];
  const message = modelProto.create({
    irVersion,
    producerName: 'Pretext Lab',
    producerVersion: info.producerVersion ?? '',
    docString: info.documentation ?? '',
    opsetImport: opsetImport.sort((a, b) => (a.domain < b.domain ? -1 : 1)),
    metadataProps: Object.entries(info.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: encodeGraph(graph),
  });
  return modelProto.encode(message).finish();
}

function domainsOf({ nodes }: OnnxGraph): string[] {
  return nodes.flatMap(({ domain, body }) => [domain, ...(body ? domainsOf(body) : [])]);
}

function encodeGraph({ name, nodes, initialisers, inputs, outputs }: OnnxGraph): Record<string, unknown> {
  return {
    name,
    node: nodes.map((node) => ({
      input: node.inputs,
      output: node.outputs,
      name: node.name,
      opType: node.opType,
      domain: node.domain,
      attribute: [
        ...Object.entries(node.attributes).map(([key, value]) => encodeAttribute(key, value)),
        ...(node.body ? [{ name: 'body', g: encodeGraph(node.body), type: attributeTypes.graph }] : []),
      ],
    })),
    initializer: initialisers.map(encodeTensor),
    input: inputs.map(encodeValueInfo),
    output: outputs.map(encodeValueInfo),
  };
}

function encodeAttribute(name: string, value: OnnxAttribute): Record<string, unknown> {
  if (typeof value === 'number') return { name, i: value, type: attributeTypes.int };
  if (typeof value === 'string') return { name, s: new TextEncoder().encode(value), type: attributeTypes.string };
  if ('float' in value) return { name, f: value.float, type: attributeTypes.float };
  return { name, ints: value, type: attributeTypes.ints };
}

function encodeTensor({ name, type, shape, data }: OnnxTensor): Record<string, unknown> {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims: shape, dataType: elementTypes[type], rawData };
}

function encodeValueInfo({ name, type, shape }: OnnxValueInfo): Record<string, unknown> {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: elementTypes[type], shape: { dim } } } };
}

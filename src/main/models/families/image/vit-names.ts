/** How vision transformers name their parts: transformers and timm. */

/** Of one layer. */
interface LayerNames {
  readonly firstNormalisation: string;
  readonly secondNormalisation: string;
  /** Query, key and value, each on its own or all in one matrix. */
  readonly projections: readonly [query: string, key: string, value: string] | string;
  readonly output: string;
  readonly inner: string;
  readonly outer: string;
}

export interface VitNames {
  readonly origin: 'transformers' | 'timm';
  readonly classToken: string;
  readonly positions: string;
  readonly patches: string;
  readonly layer: (index: number) => LayerNames;
  readonly normalisation: string;
  readonly head: string;
}

const transformersNames = (prefix: string): VitNames => ({
  origin: 'transformers',
  classToken: `${prefix}embeddings.cls_token`,
  positions: `${prefix}embeddings.position_embeddings`,
  patches: `${prefix}embeddings.patch_embeddings.projection`,
  layer(index) {
    const path = `${prefix}encoder.layer.${index}`;
    const attention = `${path}.attention`;
    return {
      firstNormalisation: `${path}.layernorm_before`,
      secondNormalisation: `${path}.layernorm_after`,
      projections: [`${attention}.attention.query`, `${attention}.attention.key`, `${attention}.attention.value`],
      output: `${attention}.output.dense`,
      inner: `${path}.intermediate.dense`,
      outer: `${path}.output.dense`,
    };
  },
  normalisation: `${prefix}layernorm`,
  head: 'classifier',
});

const timmNames: VitNames = {
  origin: 'timm',
  classToken: 'cls_token',
  positions: 'pos_embed',
  patches: 'patch_embed.proj',
  layer(index) {
    const path = `blocks.${index}`;
    return {
      firstNormalisation: `${path}.norm1`,
      secondNormalisation: `${path}.norm2`,
      projections: `${path}.attn.qkv`,
      output: `${path}.attn.proj`,
      inner: `${path}.mlp.fc1`,
      outer: `${path}.mlp.fc2`,
    };
  },
  normalisation: 'norm',
  head: 'head',
};

/** Undefined where the tensors are called otherwise. */
export function vitNames(has: (tensor: string) => boolean): VitNames | undefined {
  return [transformersNames('vit.'), transformersNames(''), timmNames].find(
    ({ classToken, patches, layer }) =>
      has(classToken) && has(`${patches}.weight`) && has(`${layer(0).firstNormalisation}.weight`),
  );
}

/** How vision transformers name their parts: transformers, timm and torchvision. */

/** Of one layer. */
interface LayerNames {
  readonly firstNormalisation: string;
  readonly secondNormalisation: string;
  /** Query, key and value, each on its own. */
  readonly projections?: readonly [query: string, key: string, value: string];
  /** Or all three in one matrix: its tensors. */
  readonly joined?: { readonly weight: string; readonly bias: string };
  readonly output: string;
  readonly inner: string;
  readonly outer: string;
}

export interface VitNames {
  readonly origin: 'transformers' | 'timm' | 'torchvision';
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
      joined: { weight: `${path}.attn.qkv.weight`, bias: `${path}.attn.qkv.bias` },
      output: `${path}.attn.proj`,
      inner: `${path}.mlp.fc1`,
      outer: `${path}.mlp.fc2`,
    };
  },
  normalisation: 'norm',
  head: 'head',
};

/** torchvision renamed the two layers of its feed-forward part; its published files have the older names. */
const torchvisionNames = (inner: string, outer: string): VitNames => ({
  origin: 'torchvision',
  classToken: 'class_token',
  positions: 'encoder.pos_embedding',
  patches: 'conv_proj',
  layer(index) {
    const path = `encoder.layers.encoder_layer_${index}`;
    const attention = `${path}.self_attention`;
    return {
      firstNormalisation: `${path}.ln_1`,
      secondNormalisation: `${path}.ln_2`,
      joined: { weight: `${attention}.in_proj_weight`, bias: `${attention}.in_proj_bias` },
      output: `${attention}.out_proj`,
      inner: `${path}.mlp.${inner}`,
      outer: `${path}.mlp.${outer}`,
    };
  },
  normalisation: 'encoder.ln',
  head: 'heads.head',
});

const known: readonly VitNames[] = [
  transformersNames('vit.'),
  transformersNames(''),
  timmNames,
  torchvisionNames('linear_1', 'linear_2'),
  torchvisionNames('0', '3'),
];

/** Undefined where the tensors are called otherwise. */
export function vitNames(has: (tensor: string) => boolean): VitNames | undefined {
  const found = known.filter(
    ({ classToken, patches, layer }) =>
      has(classToken) && has(`${patches}.weight`) && has(`${layer(0).firstNormalisation}.weight`),
  );
  // Of two that differ in the feed-forward part alone, the one whose is there; what is missing is said when the weights are read.
  return found.find(({ layer }) => has(`${layer(0).inner}.weight`)) ?? found[0];
}

/** Registers every block and preset. Importing this file is what makes them known by name. */
import './blocks/token-embedding.ts';
import './blocks/transformer-encoder.ts';
import './blocks/sequence-pooling.ts';
import './blocks/image-normalisation.ts';
import './blocks/convolution.ts';
import './blocks/batch-normalisation.ts';
import './blocks/pooling.ts';
import './blocks/residual.ts';
import './blocks/flatten.ts';
import './blocks/dense.ts';
import './blocks/recurrent.ts';
import './blocks/columns-to-sequence.ts';
import './blocks/frame-stacking.ts';
import './blocks/attention-pooling.ts';
import './blocks/sequence-convolution.ts';
import './blocks/join.ts';
import './presets/bert.ts';
import './presets/modern.ts';
import './presets/recurrent.ts';
import './presets/crnn.ts';
import './presets/speech.ts';
import './presets/patch-cnn.ts';
import './presets/resnet-mini.ts';

export * from './block.ts';
export * from './pipeline.ts';
export * from './preset.ts';
export * from './initialisers.ts';

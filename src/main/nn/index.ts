/** Registers every block and preset. Importing this file is what makes them known by name. */
import './blocks/token-embedding.ts';
import './blocks/transformer-encoder.ts';
import './blocks/sequence-pooling.ts';
import './presets/bert.ts';

export * from './block.ts';
export * from './pipeline.ts';
export * from './preset.ts';
export * from './initialisers.ts';

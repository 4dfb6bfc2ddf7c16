/** Frames of sound change slowly: several become one position of a shorter sequence (H. Sak et al. 2015). */
import { z } from 'zod';
import { max, pad, reshape } from '../../graph/index.ts';
import { defineBlock } from '../block.ts';

defineBlock({
  type: 'frame-stacking',
  family: 'shape',
  title: 'Frame stacking',
  summary:
    'Puts the vectors of several neighbouring positions side by side, which makes a sequence as many times shorter (Sak et al. 2015).',
  options: z.strictObject({
    frames: z.int().min(1).max(64).default(4).describe('Positions that become one; the end is filled up with zeros'),
  }),
  inputs: [
    { name: 'sequence', summary: 'A vector for each position', axes: ['batch', 'length', 'features'] },
    { name: 'mask', summary: '1 at real positions, 0 at padding', axes: ['batch', 'length'], optional: true },
  ],
  outputs: [
    { name: 'sequence', summary: 'A vector for each group of positions', axes: ['batch', 'length', 'features'] },
    { name: 'mask', summary: '1 where a group has a real position', axes: ['batch', 'length'] },
  ],
  build(_context, { sequence, mask }, { frames }) {
    const [batch, length, features] = sequence!.shape as readonly [number, number, number]; // a required port of three axes
    const groups = Math.ceil(length / frames);
    const missing = groups * frames - length;
    const filled = missing === 0 ? sequence! : pad(sequence!, [0, 0, 0], [0, missing, 0]);
    const stacked = reshape(filled, [batch, groups, frames * features]);
    if (!mask) return { sequence: stacked };
    const filledMask = missing === 0 ? mask : pad(mask, [0, 0], [0, missing]);
    return { sequence: stacked, mask: max(reshape(filledMask, [batch, groups, frames]), [2]) };
  },
});

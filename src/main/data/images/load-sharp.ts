/**
 * sharp (libvips), brought into a process when it decodes or draws its first picture: the lab's own process, which knows the
 * tasks but computes nothing, starts faster and stays smaller without it, and so do runs over text.
 */
import type Sharp from 'sharp';

let loaded: Promise<typeof Sharp> | undefined;

export function loadSharp(): Promise<typeof Sharp> {
  return (loaded ??= import('sharp').then(({ default: sharp }) => {
    // Every image is decoded once: libvips' cache of recent operations would only hold memory.
    sharp.cache(false);
    return sharp;
  }));
}

/** Lines of Python that read a picture as the network saw those of its training: `pixels`, [height, width, channels], from 0 to 1. */
import type { NetworkImages } from '../../../shared/spec/network-images.ts';
import type { ImageFacts } from '../../tasks/index.ts';
import type { ExportSubject } from './source.ts';

type Fitting = Pick<NetworkImages, 'height' | 'width' | 'fit' | 'resizeShorter'>;

/** No lines for networks that do not read images. */
export function pythonPicture({ model: { facts } }: ExportSubject): readonly string[] {
  const { input, images } = facts;
  if (input.kind !== 'image') return [];
  const { width, height, channels } = input;
  const stored: Fitting = images ?? { width, height, fit: 'stretch', resizeShorter: null };
  const fittings = [fitLines(stored, images, channels, 'LANCZOS')];
  // As the images are stored, and from there what the network reads.
  if (images?.network) fittings.push(fitLines(images.network, images, channels, 'BILINEAR'));
  return [
    'from PIL import Image, ImageOps',
    `image = Image.open("picture.png").convert("${channels === 3 ? 'RGB' : 'L'}")`,
    ...fittings.flat(),
    `pixels = np.asarray(image, np.float32).reshape(${String(height)}, ${String(width)}, ${String(channels)}) / 255`,
  ];
}

function fitLines(
  { width, height, fit, resizeShorter }: Fitting,
  images: ImageFacts | undefined,
  channels: number,
  filter: 'LANCZOS' | 'BILINEAR',
): readonly string[] {
  const size = `(${String(width)}, ${String(height)})`;
  const by = `Image.${filter}`;
  switch (fit) {
    case 'stretch':
      return [`image = image.resize(${size}, ${by})`];
    case 'cover':
      return [`image = ImageOps.fit(image, ${size}, ${by})`];
    case 'contain': {
      const background = images?.background ?? [0, 0, 0];
      const colour = channels === 3 ? `(${background.join(', ')})` : String(background[0]);
      return [`image = ImageOps.pad(image, ${size}, ${by}, color=${colour})`];
    }
    case 'center-crop':
      return [
        `scale = ${String(resizeShorter ?? Math.min(width, height))} / min(image.size)`,
        `image = image.resize((round(image.width * scale), round(image.height * scale)), ${by})`,
        `left, top = (image.width - ${String(width)}) // 2, (image.height - ${String(height)}) // 2`,
        `image = image.crop((left, top, left + ${String(width)}, top + ${String(height)}))`,
      ];
  }
}

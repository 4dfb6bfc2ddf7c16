/** Lines of Python that read a picture as the network saw those of its training: `pixels`, [height, width, channels], from 0 to 1. */
import type { ExportSubject } from './source.ts';

export function pythonPicture({ model: { facts } }: ExportSubject): readonly string[] {
  const { input, images } = facts;
  if (input.kind !== 'image') return [];
  const { width, height, channels } = input;
  const size = `(${String(width)}, ${String(height)})`;
  const open = (modules: string): string[] => [
    `from PIL import ${modules}`,
    `image = Image.open("picture.png").convert("${channels === 3 ? 'RGB' : 'L'}")`,
  ];
  const array = `pixels = np.asarray(image, np.float32).reshape(${String(height)}, ${String(width)}, ${String(channels)}) / 255`;
  switch (images?.fit ?? 'stretch') {
    case 'stretch':
      return [...open('Image'), `image = image.resize(${size}, Image.LANCZOS)`, array];
    case 'cover':
      return [...open('Image, ImageOps'), `image = ImageOps.fit(image, ${size}, Image.LANCZOS)`, array];
    case 'contain': {
      const colour =
        channels === 3 ? `(${(images?.background ?? [0, 0, 0]).join(', ')})` : String(images?.background[0] ?? 0);
      return [
        ...open('Image, ImageOps'),
        `image = ImageOps.pad(image, ${size}, Image.LANCZOS, color=${colour})`,
        array,
      ];
    }
    case 'center-crop':
      return [
        ...open('Image'),
        `scale = ${String(images?.resizeShorter ?? Math.min(width, height))} / min(image.size)`,
        'image = image.resize((round(image.width * scale), round(image.height * scale)), Image.LANCZOS)',
        `left, top = (image.width - ${String(width)}) // 2, (image.height - ${String(height)}) // 2`,
        `image = image.crop((left, top, left + ${String(width)}, top + ${String(height)}))`,
        array,
      ];
  }
}

/** The filters of a network's first convolution as a picture. */
import { filterTiles, svgToPng, tilesSvg } from '../../figures/figures.ts';
import type { Inspection, Picture } from '../task.ts';

const most = 64;

/** None for a network whose first kernels are not those of an image, or too small to see anything in. */
export async function filterPicture(parameters: Inspection<unknown>['parameters']): Promise<Picture[]> {
  const kernels = [...parameters].filter(([name]) => name.endsWith('/kernel'));
  const [first] = kernels;
  if (!first) return [];
  const [name, { shape, data }] = first;
  const [filters, channels, height, width] = shape;
  if (filters === undefined || channels === undefined || height === undefined || width === undefined) return [];
  if ((channels !== 1 && channels !== 3) || height < 3 || width < 3) return [];
  const tiles = filterTiles(Float32Array.from(data), [filters, channels, height, width]).slice(0, most);
  const title = `Filters of ${name.replace(/\/(convolution\/)?kernel$/, '')}`;
  const svg = await tilesSvg(tiles, { columns: 8, side: 40, title });
  return [{ file: 'first-layer-filters.png', title, content: await svgToPng(svg, 2) }];
}

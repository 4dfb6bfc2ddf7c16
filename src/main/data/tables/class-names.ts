/** Names of classes that files of Hugging Face's `datasets` carry along, by column. */
import { z } from 'zod';

export type ClassNames = ReadonlyMap<string, readonly string[]>;

const huggingFace = z.looseObject({
  info: z.looseObject({ features: z.record(z.string(), z.unknown()) }),
});
const classLabel = z.looseObject({ _type: z.literal('ClassLabel'), names: z.array(z.string()) });

/** @param json what the file has under the key `huggingface`; other tools write other things there */
export function parseClassNames(json: string | undefined): ClassNames {
  if (json === undefined) return new Map();
  try {
    const { info } = huggingFace.parse(JSON.parse(json));
    return new Map(
      Object.entries(info.features).flatMap(([name, feature]) => {
        const parsed = classLabel.safeParse(feature);
        return parsed.success ? [[name, parsed.data.names] as const] : [];
      }),
    );
  } catch {
    return new Map();
  }
}

/** Whether a tagger has learnt more than the words of its training by heart. */
import { auditedBatches } from '../audited-batches.ts';
import type { Inspection, InspectionReport } from '../task.ts';
import { readTags } from './evaluation.ts';
import type { TaggingSettings } from './tagged-material.ts';
import { openTaggedMaterial } from './tagged-material.ts';

/** Fewer new words say little. */
const FEWEST_WORDS = 5;

export async function inspectTags(inspection: Inspection<TaggingSettings>): Promise<InspectionReport> {
  const material = openTaggedMaterial(inspection.setup);
  try {
    const known = new Set(material.windows('training').flatMap(({ words }) => words));
    const [old, fresh] = [new Counted(material.tags.length), new Counted(material.tags.length)];
    for await (const { split, index, outputs } of auditedBatches(inspection)) {
      for (let row = 0; row < inspection.batchSize; row += 1) {
        const window = material.windows(split)[index * inspection.batchSize + row];
        if (!window) continue;
        const { tags } = readTags(outputs, row, window.words.length);
        for (const [place, word] of window.words.entries()) {
          (known.has(word) ? old : fresh).add(window.tags[place]!, tags[place]!);
        }
      }
    }
    if (old.total === 0 || fresh.total < FEWEST_WORDS) return { findings: [], pictures: [] };
    return {
      findings: [
        {
          name: 'accuracy on known words',
          summary: `Share of the ${old.total} held-out words that are in training, too, whose tag is right`,
          value: old.accuracy,
        },
        {
          name: 'accuracy on new words',
          summary: `The same of the ${fresh.total} words that are not in training, beside always saying the tag that most of them have`,
          value: fresh.accuracy,
          reference: fresh.commonest,
          ...(fresh.accuracy < 1 &&
            fresh.accuracy <= fresh.commonest && {
              warning:
                'new words are tagged no better than by the tag that most of them have: the network may know the words of its training by heart and no more. Train on more sentences, or begin from a pretrained network',
            }),
        },
      ],
      pictures: [],
    };
  } finally {
    material.dataset.close();
  }
}

class Counted {
  total = 0;
  private right = 0;
  private readonly truth: Float64Array;

  constructor(tags: number) {
    this.truth = new Float64Array(tags);
  }

  add(truth: number, answered: number): void {
    this.total += 1;
    this.right += Number(truth === answered);
    this.truth[truth]! += 1;
  }

  get accuracy(): number {
    return this.right / this.total;
  }

  /** Share of the most frequent true tag. */
  get commonest(): number {
    return Math.max(...this.truth) / this.total;
  }
}

/** Whether a voice that speaks alone gives every character its time. */
import { feedData, outputData } from '../batch-data.ts';
import { auditedBatches } from '../audited-batches.ts';
import type { Inspection, InspectionReport } from '../task.ts';

/** Steps: what is shorter is not heard. */
const SHORTEST = 0.5;
const MOST_SWALLOWED = 0.1;

export async function inspectVoice(inspection: Inspection<unknown>): Promise<InspectionReport> {
  let [short, characters] = [0, 0];
  for await (const { feeds, outputs } of auditedBatches(inspection)) {
    const [weights, mask] = [feedData(feeds, 'weights'), feedData(feeds, 'mask')];
    const durations = outputData(outputs, 'durations');
    const places = durations.length / weights.length;
    for (const [row, weight] of weights.entries()) {
      if (weight === 0) continue;
      for (let place = 0; place < places; place += 1) {
        if (mask[row * (mask.length / weights.length) + place] !== 1) continue;
        characters += 1;
        short += Number(durations[row * places + place]! < SHORTEST);
      }
    }
  }
  if (characters === 0) return { findings: [], pictures: [] };
  const value = short / characters;
  return {
    findings: [
      {
        name: 'characters that are swallowed',
        summary: `Share of the ${characters} characters of held-out texts that last less than half a step when the voice speaks alone`,
        value,
        reference: 0,
        ...(value > MOST_SWALLOWED && {
          warning:
            'many characters last so short that they cannot be heard: train longer, set task.stepFrames to less, or look at whether the texts say what is spoken',
        }),
      },
    ],
    pictures: [],
  };
}

/**
 * The audit card of a run, a study or a model of others: what a reviewer has to know to believe a number, in one place. A card is data, built once
 * where the run folders are; the window, HTML and Markdown are drawings of it.
 */
import { z } from 'zod';

const columns = z.array(z.object({ title: z.string(), align: z.enum(['left', 'right']) }));

const cardItem = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), text: z.string() }),
  /** Something that speaks against the numbers. */
  z.object({ kind: z.literal('warning'), text: z.string() }),
  z.object({ kind: z.literal('facts'), facts: z.array(z.object({ term: z.string(), value: z.string() })) }),
  z.object({ kind: z.literal('table'), caption: z.string(), columns, rows: z.array(z.array(z.string())) }),
  z.object({ kind: z.literal('code'), text: z.string() }),
]);
export type CardItem = z.infer<typeof cardItem>;

const cardSection = z.object({ title: z.string(), items: z.array(cardItem) });
export type CardSection = z.infer<typeof cardSection>;

export const auditCard = z.object({
  formatVersion: z.literal(1),
  of: z.enum(['run', 'study', 'model']),
  /** Of the run, study or model. */
  name: z.string(),
  /** The result in a sentence. */
  summary: z.string(),
  sections: z.array(cardSection),
  /** Version of the lab that wrote the card. */
  lab: z.string(),
});
export type AuditCard = z.infer<typeof auditCard>;

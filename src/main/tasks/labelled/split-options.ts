/** The options of a labelled task that say which examples it holds back. */
import { z } from 'zod';

/** @param examples what a person calls them, such as "images" */
export function splitOptions(examples: string) {
  return {
    validationFraction: z.number().gt(0).max(0.8).default(0.1).describe(`Share of the ${examples} kept for validation`),
    testFraction: z.number().min(0).max(0.8).default(0.2).describe(`Share of the ${examples} kept for the test`),
  };
}

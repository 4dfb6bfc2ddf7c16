/** First counters of the random streams, so that no two uses of one seed draw the same numbers. */
export const purpose = {
  split: 1,
  trainingOrder: 2,
  trainingExample: 3,
  label: 4,
  evaluationChoice: 5,
  evaluationExample: 6,
  shortSequences: 7,
  streamOffset: 8,
  generation: 9,
  lengthGroups: 10,
} as const;

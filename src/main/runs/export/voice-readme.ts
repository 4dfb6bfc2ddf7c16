/** How an exported voice is asked: characters become ids by their place in the alphabet, and frames come out. */

/** Meanings of its outputs. */
export const meaningsOfVoice: Readonly<Record<string, string>> = {
  spoken: 'natural logarithms of mel energies: at every step some frames, one behind the other',
  durations: 'how many steps each character lasts; their sum is where the speech ends',
  alignment: 'which share of each step belongs to each character',
};

const demonstration = 'three seven';

/** After `session` and `about` are there. @param length characters that are read at once */
export function voicePython(length: number): string[] {
  const size = String(length);
  return [
    `text = ${JSON.stringify(demonstration)}[:${size}]  # characters of about["preprocessing"]["alphabet"]`,
    'ids = [about["preprocessing"]["alphabet"].index(character) + 1 for character in text]',
    `padding = [0] * (${size} - len(ids))`,
    'feeds = {"input_ids": np.array([ids + padding]), "attention_mask": np.array([[1] * len(ids) + padding])}',
    'spoken, durations = session.run(["spoken", "durations"], feeds)',
    'frames = spoken[0].reshape(-1, about["preprocessing"]["extraction"]["bands"])',
    'frames = frames[: round(float(durations.sum()) * about["preprocessing"]["stepFrames"])]',
    'print(frames.shape)  # log-mel frames as model.json says, for a vocoder',
  ];
}

/** Lines for texts that are padded to `length` characters. */
export function voiceJavaScript(length: number): string[] {
  const size = String(length);
  return [
    `const text = Array.from(${JSON.stringify(demonstration)}).slice(0, ${size}); // characters of the alphabet`,
    'const ids = text.map((character) => about.preprocessing.alphabet.indexOf(character) + 1);',
    `const row = (value) => new Tensor('int64', BigInt64Array.from({ length: ${size} }, (_, place) => BigInt(value(place))), [1, ${size}]);`,
    'const feeds = { input_ids: row((place) => ids[place] ?? 0), attention_mask: row((place) => Number(place < ids.length)) };',
    'const { spoken, durations } = await session.run(feeds);',
    'console.log(spoken.dims, durations.data); // log-mel frames as model.json says, for a vocoder',
  ];
}

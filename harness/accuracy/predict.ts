// From logits to answers. Follows write_predictions and get_final_text of the official BERT SQuAD code.

import { basicTokenize } from '../qsl/basic-tokenizer.js';
import type { Features } from '../qsl/features.js';
import type { SquadQuestion } from '../qsl/squad.js';
import type { Vocabulary } from '../qsl/vocabulary.js';

/** Start and end positions that are considered per sample. */
export const BEST_COUNT = 20;
/** In tokens. */
export const MAX_ANSWER_LENGTH = 30;
/** The answer when no sample offers a valid span. */
export const NO_ANSWER = 'empty';

/** One logit per token, padded to the longest sequence length. */
export interface Logits {
  /** float64[maxSequenceLength] */
  readonly starts: Float64Array;
  /** float64[maxSequenceLength] */
  readonly ends: Float64Array;
}

export interface PredictRequest {
  readonly questions: readonly SquadQuestion[];
  readonly features: Features;
  readonly vocabulary: Vocabulary;
  /** Undefined for a sample that was never answered; it then offers no span. */
  readonly logitsOf: (sample: number) => Logits | undefined;
}

/** An answer for every question, in the order of the questions. */
export function predictAnswers({
  questions,
  features,
  vocabulary,
  logitsOf,
}: PredictRequest): readonly string[] {
  const { sampleCount } = features.samples;
  let sample = 0;
  return questions.map(({ context }, questionIndex) => {
    let best: Span | undefined;
    for (; sample < sampleCount && features.questionIndices[sample] === questionIndex; sample++) {
      const logits = logitsOf(sample);
      if (logits !== undefined) best = bestSpan(sample, logits, features, best);
    }
    return best === undefined ? NO_ANSWER : answerText(best, context, features, vocabulary);
  });
}

/** Tokens `first … last` of the data set (places in `tokenIds`), with the sum of their two logits. */
interface Span {
  readonly first: number;
  readonly last: number;
  readonly score: number;
}

/**
 * The better of `earlier` and this sample's best valid span. The official code sorts all spans of a question and keeps
 * twenty texts; only the first becomes the answer, so the strictly greatest in its order of generation is the same.
 */
function bestSpan(
  sample: number,
  { starts, ends }: Logits,
  { samples, characterStarts, isMaxContext }: Features,
  earlier: Span | undefined,
): Span | undefined {
  const offset = samples.offsets[sample]!;
  const length = samples.offsets[sample + 1]! - offset;
  const isInWindow = (position: number) => position < length && characterStarts[offset + position]! >= 0;
  const bestEnds = bestPositions(ends, BEST_COUNT);
  let best = earlier;
  for (const start of bestPositions(starts, BEST_COUNT)) {
    if (!isInWindow(start) || isMaxContext[offset + start] !== 1) continue;
    for (const end of bestEnds) {
      if (end < start || end - start + 1 > MAX_ANSWER_LENGTH || !isInWindow(end)) continue;
      const score = starts[start]! + ends[end]!;
      if (best === undefined || score > best.score)
        best = { first: offset + start, last: offset + end, score };
    }
  }
  return best;
}

/** Positions of the `count` greatest values, greatest first; the lower position on ties. */
export function bestPositions(values: Float64Array, count: number): readonly number[] {
  const best: number[] = [];
  for (const [position, value] of values.entries()) {
    if (best.length === count && !(value > values[best[count - 1]!]!)) continue;
    if (best.length === count) best.pop();
    let place = best.length;
    while (place > 0 && value > values[best[place - 1]!]!) place--;
    best.splice(place, 0, position);
  }
  return best;
}

/** The blanks between the words of a passage: these five alone, so a no-break space stays inside its word. */
const wordBreaks = /[ \t\r\n\u202f]+/u;

/** The text of a span (first and last place in `tokenIds`) as the passage writes it. */
export function answerText(
  { first, last }: Pick<Span, 'first' | 'last'>,
  context: string,
  { samples, characterStarts, characterEnds }: Features,
  { pieces }: Vocabulary,
): string {
  let start = characterStarts[first]!;
  let end = characterEnds[last]!;
  while (start > 0 && !wordBreaks.test(context[start - 1]!)) start--;
  while (end < context.length && !wordBreaks.test(context[end]!)) end++;
  const words = context.slice(start, end).split(wordBreaks).join(' ');
  const tokenText = Array.from(samples.tokenIds.subarray(first, last + 1), (id) => pieces[id]!)
    .join(' ')
    .replaceAll(' ##', '')
    .replaceAll('##', '')
    .trim()
    .split(/\s+/u)
    .join(' ');
  return projectAnswer(tokenText, words);
}

/**
 * The part of `words` (as the passage writes them) that `tokenText` (lower case, no accents, split at punctuation)
 * stands for. All of `words` when the two cannot be aligned character by character.
 */
export function projectAnswer(tokenText: string, words: string): string {
  const normal = basicTokenize(words)
    .map(({ text }) => text)
    .join(' ');
  const found = normal.indexOf(tokenText);
  if (found < 0 || tokenText === '') return words;
  // Python counts code points: where the two texts have equally many, but one has more surrogate pairs, UTF-16 units
  // would not line up.
  const wordCharacters = Array.from(words);
  const wordPlaces = placesWithoutBlanks(wordCharacters);
  const normalCharacters = Array.from(normal);
  const normalPlaces = placesWithoutBlanks(normalCharacters);
  if (wordPlaces.length !== normalPlaces.length) return words;
  const first = Array.from(normal.slice(0, found)).length;
  const last = first + Array.from(tokenText).length - 1;
  const start = wordPlaces[normalPlaces.indexOf(first)];
  const end = wordPlaces[normalPlaces.indexOf(last)];
  if (start === undefined || end === undefined) return words;
  return wordCharacters.slice(start, end + 1).join('');
}

function placesWithoutBlanks(characters: readonly string[]): readonly number[] {
  return characters.flatMap((character, place) => (character === ' ' ? [] : [place]));
}

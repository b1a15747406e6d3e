// The nearest known word to a misspelt one, for error messages.

import { distance } from 'fastest-levenshtein';

/** The allowed word that `word` was probably meant to be: two slips away, in a long word a third of its letters. */
export function nearestWord(word: string, allowed: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll('-', '_');
  let best: string | undefined;
  let bestDistance = 1 + (word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3)));
  for (const candidate of allowed) {
    const steps = distance(plain(word), plain(candidate));
    if (steps < bestDistance) {
      bestDistance = steps;
      best = candidate;
    }
  }
  return best;
}

/** `; did you mean "server_target_qps"?` or nothing. */
export function didYouMean(word: string, allowed: readonly string[], prefix = ''): string {
  const nearest = nearestWord(word, allowed);
  return nearest === undefined ? '' : `; did you mean "${prefix}${nearest}"?`;
}

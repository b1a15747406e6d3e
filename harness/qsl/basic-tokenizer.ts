// BERT's basic tokenizer, uncased: words and punctuation, each with its place in the text. Follows BasicTokenizer of
// google-research/bert tokenization.py; Unicode categories are those of this JavaScript engine.

/** A word or a punctuation character, normalised. Offsets count UTF-16 units of the text, as JavaScript strings do. */
export interface BasicToken {
  readonly text: string;
  readonly start: number;
  /** One past the last character, with the accents and control characters that were dropped behind it. */
  readonly end: number;
  /** Where each UTF-16 unit of `text` comes from; undefined when unit i is simply the text's `start + i`. */
  readonly units: Units | undefined;
}

export interface Units {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** The tokens of `text`, in order. */
export function basicTokenize(text: string): BasicToken[] {
  const tokens: BasicToken[] = [];
  const lower = text.toLowerCase();
  // No character's lower case is shorter than itself, so equal lengths mean that every character kept its place.
  const isAligned = lower.length === text.length;
  /** Where the word began; -1 between words. */
  let wordStart = -1;
  let wordEnd = 0;
  /** ASCII only, with nothing dropped inside. */
  let isPlain = true;
  let hasPunctuation = false;
  const endWord = (): void => {
    if (isPlain && !hasPunctuation && isAligned) {
      tokens.push({
        text: lower.slice(wordStart, wordEnd),
        start: wordStart,
        end: wordEnd,
        units: undefined,
      });
    } else pushWord(text, { start: wordStart, end: wordEnd, isPlain }, tokens);
    wordStart = -1;
    isPlain = true;
    hasPunctuation = false;
  };
  for (let start = 0; start < text.length;) {
    const unit = text.charCodeAt(start);
    const codePoint = unit < 0xd800 ? unit : text.codePointAt(start)!;
    const end = start + (codePoint > 0xffff ? 2 : 1);
    switch (kindOf(codePoint)) {
      case 'blank':
        if (wordStart >= 0) endWord();
        break;
      case 'dropped':
        if (wordStart < 0) break;
        wordEnd = end;
        isPlain = false;
        break;
      case 'ideograph':
        if (wordStart >= 0) endWord();
        pushWord(text, { start, end, isPlain: false }, tokens);
        break;
      case 'other':
        if (wordStart < 0) wordStart = start;
        wordEnd = end;
        if (codePoint > 0x7f) isPlain = false;
        else if (isAsciiPunctuation[codePoint]!) hasPunctuation = true;
        break;
    }
    start = end;
  }
  if (wordStart >= 0) endWord();
  return tokens;
}

/** A stretch of text between blanks. `isPlain`: ASCII only, with nothing dropped inside. */
interface Word {
  readonly start: number;
  readonly end: number;
  readonly isPlain: boolean;
}

type Kind = 'blank' | 'dropped' | 'ideograph' | 'other';

const asciiKinds: readonly Kind[] = Array.from({ length: 0x80 }, (_unused, code) => {
  if (' \t\n\r'.includes(String.fromCharCode(code))) return 'blank';
  return code < 0x20 || code === 0x7f ? 'dropped' : 'other';
});
// Zs becomes a blank when the text is cleaned; the line and paragraph separators survive that but split words later.
const blankPattern = /[\p{Zs}\u2028\u2029]/u;
const droppedPattern = /[\p{Cc}\p{Cf}\ufffd]/u;
const accentPattern = /\p{Mn}/u;
const punctuationPattern = /\p{P}/u;

function kindOf(codePoint: number): Kind {
  if (codePoint < 0x80) return asciiKinds[codePoint]!;
  if (isIdeograph(codePoint)) return 'ideograph';
  const character = String.fromCodePoint(codePoint);
  if (blankPattern.test(character)) return 'blank';
  return droppedPattern.test(character) ? 'dropped' : 'other';
}

/** BERT's own list of CJK blocks: ideographs only, neither kana nor hangul. */
const ideographBlocks = [
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xf900, 0xfaff],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b820, 0x2ceaf],
  [0x2f800, 0x2fa1f],
] as const;

const isIdeograph = (codePoint: number) =>
  codePoint >= 0x3400 && ideographBlocks.some(([first, last]) => codePoint >= first && codePoint <= last);

/** ASCII symbols count as punctuation too ($, +, <, ^, `, |, ~ …), although Unicode calls them symbols. */
const isAsciiPunctuation: readonly boolean[] = Array.from({ length: 0x80 }, (_unused, code) =>
  /[!-/:-@[-`{-~]/u.test(String.fromCharCode(code)),
);

const isPunctuation = (codePoint: number) =>
  codePoint < 0x80
    ? isAsciiPunctuation[codePoint]!
    : punctuationPattern.test(String.fromCodePoint(codePoint));

/** Normalises one word and splits it at punctuation. */
function pushWord(text: string, word: Word, tokens: BasicToken[]): void {
  const normalised = word.isPlain ? undefined : normalise(text, word);
  const normal = normalised?.text ?? text.slice(word.start, word.end).toLowerCase();
  const push = (from: number, to: number): void => {
    if (from === to) return;
    tokens.push({
      text: normal.slice(from, to),
      start: normalised?.starts[from] ?? word.start + from,
      end: normalised?.ends[to - 1] ?? word.start + to,
      units: normalised && {
        starts: normalised.starts.slice(from, to),
        ends: normalised.ends.slice(from, to),
      },
    });
  };
  let from = 0;
  for (let at = 0; at < normal.length;) {
    const codePoint = normal.codePointAt(at)!;
    const next = at + (codePoint > 0xffff ? 2 : 1);
    if (isPunctuation(codePoint)) {
      push(from, at);
      push(at, next);
      from = next;
    }
    at = next;
  }
  push(from, normal.length);
}

interface NormalWord extends Units {
  readonly text: string;
}

/** Lower case, canonical decomposition, accents dropped; every unit that stays remembers where it comes from. */
function normalise(text: string, word: Word): NormalWord {
  const kept: { readonly character: string; readonly start: number; end: number }[] = [];
  for (let start = word.start; start < word.end;) {
    const codePoint = text.codePointAt(start)!;
    const character = String.fromCodePoint(codePoint);
    const end = start + character.length;
    if (kindOf(codePoint) !== 'dropped') kept.push({ character, start, end });
    else if (kept.length > 0) kept.at(-1)!.end = end;
    start = end;
  }
  // The word as a whole decides on the final sigma and on the order of combining marks; each character by itself says
  // how many units it becomes. Neither choice changes a length.
  const lower = kept
    .map(({ character }) => character)
    .join('')
    .toLowerCase();
  const origins: { readonly start: number; readonly end: number }[] = [];
  let at = 0;
  for (const { character, start, end } of kept) {
    const lowerLength = character.toLowerCase().length;
    const unitCount = lower.slice(at, at + lowerLength).normalize('NFD').length;
    for (let unit = 0; unit < unitCount; unit++) origins.push({ start, end });
    at += lowerLength;
  }
  const starts: number[] = [];
  const ends: number[] = [];
  let normal = '';
  let unit = 0;
  for (const character of lower.normalize('NFD')) {
    const { start, end } = origins[unit]!;
    if (!accentPattern.test(character)) {
      normal += character;
      for (let i = 0; i < character.length; i++) {
        starts.push(start);
        ends.push(end);
      }
    } else if (ends.length > 0) {
      ends[ends.length - 1] = end;
    }
    unit += character.length;
  }
  return { text: normal, starts, ends };
}

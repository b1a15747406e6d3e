// Text functions as the official Python code computes them, see the file's "what".

import { readFileSync } from 'node:fs';

export interface ReferenceText {
  readonly text: string;
  readonly basicTokens: readonly string[];
  readonly pieceIds: readonly number[];
  readonly normalAnswer: string;
  readonly tokenText: string;
  readonly projected: string;
}

type Row = readonly [string, readonly string[], readonly number[], string, string, string];

export function readReferenceTexts(): readonly ReferenceText[] {
  const { rows } = JSON.parse(readFileSync('tests/fixtures/squad/reference-text.json', 'utf8')) as {
    readonly rows: readonly Row[];
  };
  return rows.map(([text, basicTokens, pieceIds, normalAnswer, tokenText, projected]) => ({
    text,
    basicTokens,
    pieceIds,
    normalAnswer,
    tokenText,
    projected,
  }));
}

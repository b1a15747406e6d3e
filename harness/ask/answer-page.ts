// Answers as a page that a browser opens: each passage with its answers marked, what else was considered, and the times.

import type { RankedAnswer } from '../accuracy/n-best.js';
import { SYNTHETIC } from '../model-files.js';
import type { Answered } from './asker.js';
import type { OpenModel } from './open-model.js';

export interface AnsweredPassage {
  readonly passage: string;
  readonly questions: readonly string[];
  readonly answered: Answered;
}

const MOST_CANDIDATES = 5;
const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}mark{background:#ffe08a}' +
  'table{border-collapse:collapse}td{padding:0 1rem 0 0}blockquote{margin:0;padding:.5rem 1rem;background:#8881;white-space:pre-wrap}' +
  '.small{color:#777;font-size:.85rem}';

/** The whole page; it loads nothing. */
export function answerPage(
  { title, isSynthetic }: Pick<OpenModel, 'title' | 'isSynthetic'>,
  passages: readonly AnsweredPassage[],
): string {
  const note = isSynthetic ? `<p><strong>${escaped(SYNTHETIC)}</strong></p>` : '';
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>Questions and answers</title><style>${STYLE}</style>\n<h1>Questions and answers</h1>${note}\n` +
    `${passages.map(section).join('\n')}\n<p class="small">${escaped(title)}</p></html>\n`
  );
}

function section({ passage, questions, answered }: AnsweredPassage): string {
  const { tokenize_ms, inference_ms, project_ms } = answered.stages;
  const times = `Tokenize ${tokenize_ms.toFixed(2)} ms, inference ${inference_ms.toFixed(2)} ms, project ${project_ms.toFixed(2)} ms`;
  const blocks = questions.map((question, place) => {
    const ranked = answered.answers[place]!;
    return (
      `<h2>${escaped(question)}</h2>\n<p><strong>${escaped(ranked.answer || '(none in the passage)')}</strong></p>\n` +
      `<blockquote>${marked(passage, ranked)}</blockquote>\n${candidateTable(ranked)}`
    );
  });
  return `${blocks.join('\n')}\n<p class="small">${times}</p>`;
}

/** The passage with the answer marked where the model found it; unmarked where the text does not stand so in the passage. */
function marked(passage: string, { answer, answerStart }: RankedAnswer): string {
  if (answer === '' || answerStart === undefined || !passage.startsWith(answer, answerStart))
    return escaped(passage);
  const end = answerStart + answer.length;
  return `${escaped(passage.slice(0, answerStart))}<mark>${escaped(answer)}</mark>${escaped(passage.slice(end))}`;
}

function candidateTable({ candidates }: RankedAnswer): string {
  const rows = candidates
    .slice(0, MOST_CANDIDATES)
    .map(
      ({ text, probability }) =>
        `<tr><td>${(probability * 100).toFixed(1)} %</td><td>${escaped(text || '(none)')}</td></tr>`,
    );
  return `<table>${rows.join('')}</table>`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

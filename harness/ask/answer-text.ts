// Answers as a person reads them, and as JSON.

import type { RankedAnswer } from '../accuracy/n-best.js';
import { SYNTHETIC } from '../model-files.js';
import type { OpenModel } from './open-model.js';
import type { Answered, StageTimes } from './asker.js';

/** `Answer: text (92.1 %)`, with the ranked answers below it on request. */
export function answerLines(question: string, ranked: RankedAnswer, showsNBest: boolean): string {
  const { answer, candidates } = ranked;
  const chosen = candidates.find(({ text }) => text === answer);
  const lines = [
    `Question: ${question}`,
    `Answer: ${answer === '' ? '(none in the passage)' : answer} (${percent(chosen?.probability ?? 0)})`,
  ];
  if (showsNBest) {
    for (const [place, { text, probability }] of candidates.entries())
      lines.push(
        `  ${String(place + 1).padStart(2)}. ${percent(probability).padStart(7)}  ${text || '(none)'}`,
      );
  }
  return `${lines.join('\n')}\n`;
}

export function stageLine({ tokenize_ms, inference_ms, project_ms }: StageTimes): string {
  return `Tokenize ${tokenize_ms.toFixed(2)} ms, inference ${inference_ms.toFixed(2)} ms, project ${project_ms.toFixed(2)} ms\n`;
}

/** One object for all questions of a call. */
export function answersJson(
  passage: string,
  questions: readonly string[],
  { answers, stages, questionTimes, sampleCount }: Answered,
  { isSynthetic }: Pick<OpenModel, 'isSynthetic'>,
): unknown {
  return {
    ...(isSynthetic ? { note: SYNTHETIC } : {}),
    passage,
    answers: questions.map((question, place) => {
      const { answer, candidates } = answers[place]!;
      return {
        question,
        answer,
        probability: candidates.find(({ text }) => text === answer)?.probability ?? 0,
        n_best: candidates,
      };
    }),
    sample_count: sampleCount,
    ...stages,
    question_times: questionTimes.map(({ tokenize_ms, inference_ms, project_ms }) => ({
      tokenize_ms,
      inference_ms,
      project_ms,
    })),
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

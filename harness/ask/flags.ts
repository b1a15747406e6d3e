// The flags of `loadrig ask`: those of inference.py in the TensorRT BERT demo, and what people need beside them.

import { engineNames } from '../../engines/index.js';
import { precisions } from '../../configs/engine-choices.js';
import type { CommandFlags, CommandUsage, FlagValues } from '../command-flags.js';

export const askFlags = {
  passage: {
    kind: 'words',
    aliases: ['p'],
    group: 'Passage and questions',
    description: 'The passage; several words are joined by blanks.',
  },
  passage_file: {
    kind: 'text',
    aliases: ['pf'],
    group: 'Passage and questions',
    description:
      'File with the passage, UTF-8; - for standard input, which is read anyway when it is not a terminal.',
  },
  question: {
    kind: 'words',
    aliases: ['q'],
    repeatable: true,
    group: 'Passage and questions',
    description: 'A question. Without any question you are asked for them.',
  },
  question_file: {
    kind: 'text',
    aliases: ['qf'],
    group: 'Passage and questions',
    description: 'File with one question per line, UTF-8.',
  },
  squad_json: {
    kind: 'text',
    aliases: ['sq'],
    group: 'A whole SQuAD file',
    description: 'Answer every question of a SQuAD v1.1 or v2.0 file, and score the answers.',
  },
  output_prediction_file: {
    kind: 'text',
    aliases: ['o', 'output'],
    group: 'A whole SQuAD file',
    description:
      'Gets the predictions; nbest_predictions.json and null_odds.json (v2.0) are written beside it, named after it.',
    fallback: 'predictions.json',
  },
  score: {
    kind: 'text',
    group: 'A whole SQuAD file',
    description: 'Score this predictions file against --squad_json and run nothing.',
  },
  null_odds: {
    kind: 'text',
    group: 'A whole SQuAD file',
    description: 'With --score and v2.0: null_odds.json, for the best thresholds.',
  },
  limit: {
    kind: 'number',
    unit: 'questions',
    group: 'A whole SQuAD file',
    description: 'Take only the first questions of the file.',
  },
  null_score_diff_threshold: {
    kind: 'number',
    unit: 'logits',
    group: 'A whole SQuAD file',
    description: 'v2.0: a question whose null odds are greater has no answer.',
    fallback: '0',
  },
  min_f1: {
    kind: 'number',
    unit: 'percent',
    group: 'Accuracy that must be reached',
    description: 'Least F1; missed, the exit code is 6.',
  },
  min_em: {
    kind: 'number',
    unit: 'percent',
    group: 'Accuracy that must be reached',
    description: 'Least exact match; missed, the exit code is 6.',
  },
  tolerance: {
    kind: 'number',
    unit: 'points',
    group: 'Accuracy that must be reached',
    description: 'How far below --min_f1 and --min_em still passes.',
    fallback: '0',
  },
  relative_to: {
    kind: 'text',
    group: 'Accuracy that must be reached',
    description: 'Predictions of another model or precision, to be compared with by --at_least.',
  },
  at_least: {
    kind: 'text',
    group: 'Accuracy that must be reached',
    description: 'Share of the F1 of --relative_to that must be reached, e.g. 99%.',
    fallback: '99%',
  },
  engine: {
    kind: 'text',
    aliases: ['e'],
    group: 'Model',
    description: `Engine (${engineNames.join(', ')}) or a file: one that \`loadrig build\` has written, a TensorRT plan or its folder, or an ONNX model of others, run as it is.`,
    fallback: 'onnxruntime',
  },
  model: {
    kind: 'text',
    aliases: ['m'],
    group: 'Model',
    description: 'Folder with config.json, model.safetensors and vocab.txt.',
    fallback: 'data/models/minilm-qa',
  },
  precision: {
    kind: 'choice',
    choices: precisions,
    group: 'Model',
    description: 'Arithmetic.',
    fallback: 'fp32',
  },
  vocab_file: {
    kind: 'text',
    aliases: ['v'],
    group: 'Model',
    description: 'Vocabulary of the model.',
    fallback: 'vocab.txt in the model folder',
  },
  batch_size: {
    kind: 'number',
    aliases: ['b'],
    unit: 'samples',
    group: 'Model',
    description: 'Most windows of equal length in one inference, of any questions.',
    fallback: '1',
  },
  threads: {
    kind: 'number',
    group: 'Model',
    description: 'Threads of one inference.',
    fallback: 'all cores',
  },
  sequence_length: {
    kind: 'number',
    aliases: ['s'],
    unit: 'tokens',
    group: 'Model',
    description: 'Longest sample; a longer passage is cut into windows.',
    fallback: 'the longest that the model has',
  },
  max_query_length: {
    kind: 'number',
    unit: 'tokens',
    group: 'Model',
    description: 'A longer question is cut.',
    fallback: '64',
  },
  doc_stride: {
    kind: 'number',
    unit: 'tokens',
    group: 'Model',
    description: 'Distance between the windows of a long passage.',
    fallback: '128',
  },
  max_answer_length: {
    kind: 'number',
    unit: 'tokens',
    group: 'Answers',
    description: 'Longest answer.',
    fallback: '30',
  },
  n_best_size: {
    kind: 'number',
    group: 'Answers',
    description: 'Starts and ends considered, and answers ranked.',
    fallback: '20',
  },
  n_best: { kind: 'boolean', group: 'Answers', description: 'Show the ranked answers, not only the best.' },
  latency_file: {
    kind: 'text',
    group: 'Answers',
    description:
      'CSV with a line for each question: its windows, and its milliseconds in the tokenizer, the engine and on the way back to text.',
  },
  html: {
    kind: 'text',
    group: 'Answers',
    description:
      'Page with the passage, each answer marked in it, its ranked answers and the times; at the prompt it grows with each question.',
  },
  json: { kind: 'boolean', group: 'Answers', description: 'Print JSON.' },
  quiet: { kind: 'boolean', group: 'Answers', description: 'No progress.' },
} as const satisfies CommandFlags;

export type AskFlags = FlagValues<typeof askFlags>;

export const askUsage: CommandUsage = {
  name: 'loadrig ask',
  usage: 'loadrig ask [flags]: answers questions about a passage, or all questions of a SQuAD file',
  examples: [
    'loadrig ask -p "Ada Quill built the lighthouse in 1874." -q "Who built the lighthouse?"',
    'loadrig ask -pf article.txt --n_best          (asks for questions; exit, quit or Ctrl-D ends)',
    'loadrig ask -sq data/squad/xquad.en.json -o predictions.json --precision=int8 --min_f1=70',
    'loadrig ask --score predictions.json --squad_json data/squad/xquad.en.json',
  ],
};

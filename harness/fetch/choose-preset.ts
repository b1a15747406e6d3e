// Which preset is meant: by its name, by traits (--framework tf --seq 384), or by the words of the demo's download script
// (`large 384 v1_1`), whose defaults hold: tf, large, 128, SQuAD 2.0.

import { ConfigError } from '../../configs/errors.js';
import { didYouMean } from '../../configs/did-you-mean.js';
import { quoted } from '../../configs/explain-issue.js';
import type { DataPreset, Framework, ModelPreset, ModelTraits, Preset, SquadVersion } from './presets.js';
import { presets } from './presets.js';

/** What was asked for; what is not given is free. */
export interface WantedTraits {
  readonly framework?: Framework;
  readonly size?: 'base' | 'large';
  readonly seq?: '128' | '384';
  readonly squad?: SquadVersion;
  readonly isSparse?: boolean;
  readonly isQat?: boolean;
  readonly split?: 'train' | 'dev';
}

/** Words of the script: what each asks for. */
const scriptWords: Readonly<Record<string, WantedTraits>> = {
  model: {},
  tf: { framework: 'tf' },
  pyt: { framework: 'pyt' },
  onnx: { framework: 'onnx' },
  base: { size: 'base' },
  large: { size: 'large' },
  128: { seq: '128' },
  384: { seq: '384' },
  v2: { squad: '2.0' },
  v2_0: { squad: '2.0' },
  v1_1: { squad: '1.1' },
  sparse: { isSparse: true },
  'int8-qat': { isQat: true },
};
const precisionWords: ReadonlySet<string> = new Set(['fp32', 'fp16', 'bf16', 'int8', 'fp8']);

export interface ChosenPreset {
  readonly preset: Preset;
  /** Others that fit as well. */
  readonly others: readonly string[];
}

/** @throws {ConfigError} with the list of what there is. */
export function choosePreset(words: readonly string[], flags: WantedTraits): ChosenPreset {
  const [first = '', ...rest] = words;
  const named = presets.find(({ name }) => name === first);
  if (named !== undefined) {
    if (rest.length > 0 || Object.keys(flags).length > 0) {
      throw new ConfigError(
        `"${first}" names one preset; leave out ${[...rest, ...Object.keys(flags).map(flagName)].join(', ')}, or choose by traits without the name`,
      );
    }
    return { preset: named, others: [] };
  }
  if (first === 'squad') return chooseData(rest, flags);
  return chooseModel(withWords(words, flags));
}

/** Whether all words are of the script, so that they choose a preset and are no name. */
export function areScriptWords(words: readonly string[]): boolean {
  return words.length > 0 && words.every((word) => isScriptWord(word) || precisionWords.has(word));
}

const isScriptWord = (word: string): boolean => word in scriptWords || word === 'megatron-large';

function withWords(words: readonly string[], flags: WantedTraits): WantedTraits {
  const precision = words.find((word) => precisionWords.has(word));
  if (precision !== undefined) {
    const kept = words.filter((word) => word !== precision).join(' ');
    throw new ConfigError(
      `${quoted(precision)} chooses nothing: checkpoints are published by framework, size, length and SQuAD version. ` +
        `(Instructions with the form "large tf fp32 128" are older than the script they name.) Precision is chosen when an engine is built. Use: loadrig fetch ${kept}`,
    );
  }
  if (words.includes('megatron-large')) {
    throw new ConfigError(
      'megatron-large is not among the presets: what NVIDIA publishes of it (bert_pyt_statedict_megatron_sparse_int8qat, 21.03.0) ' +
        'is a pickle without configuration and vocabulary. Load it by hand, then: loadrig build --pickle FILE --config_dir FOLDER, ' +
        `the folder of a BERT-Large. There are:\n${listOf(models())}`,
    );
  }
  const unknown = words.find((word) => !isScriptWord(word));
  if (unknown !== undefined) {
    const names = [
      ...presets.map(({ name }) => name),
      ...syntheticNames,
      ...Object.keys(scriptWords),
      'squad',
    ];
    throw new ConfigError(
      `nothing is called ${quoted(unknown)}${didYouMean(unknown, names)}\nThere are:\n${listOf(presets)}\n` +
        'To fetch something else under that name, say where from: --from URL|FILE|FOLDER|ARCHIVE',
    );
  }
  let wanted = flags;
  for (const word of words) {
    for (const [trait, value] of Object.entries(scriptWords[word] ?? {})) {
      const before = wanted[trait as keyof WantedTraits];
      if (before !== undefined && before !== value) {
        throw new ConfigError(
          `${quoted(word)} contradicts ${quoted(before)}: one ${trait} can be fetched at a time`,
        );
      }
      wanted = { ...wanted, [trait]: value as unknown };
    }
  }
  return wanted;
}

export const syntheticNames = ['synthetic-bert-base', 'synthetic-bert-large'] as const;

const models = (): readonly ModelPreset[] => presets.filter((preset) => preset.kind === 'model');

const fits = (traits: ModelTraits, wanted: WantedTraits): boolean =>
  (wanted.framework === undefined || traits.frameworks.includes(wanted.framework)) &&
  (wanted.size === undefined || traits.size === wanted.size) &&
  (wanted.seq === undefined || traits.seq === undefined || traits.seq === wanted.seq) &&
  (wanted.squad === undefined || traits.squad === wanted.squad) &&
  (wanted.isSparse === undefined || traits.isSparse === wanted.isSparse) &&
  (wanted.isQat === undefined || traits.isQat === wanted.isQat);

function chooseModel(wanted: WantedTraits): ChosenPreset {
  if (wanted.split !== undefined) {
    throw new ConfigError('--split is for data: loadrig fetch squad --squad 1.1 --split train');
  }
  let fitting = models().filter(({ traits }) => fits(traits, wanted));
  if (fitting.length === 0) {
    throw new ConfigError(`no published model is ${describe(wanted)}. There are:\n${listOf(models())}`);
  }
  const all = fitting;
  const narrow = (isBetter: (preset: ModelPreset) => boolean): void => {
    const better = fitting.filter(isBetter);
    if (better.length > 0) fitting = better;
  };
  narrow(({ isOfDemo }) => isOfDemo);
  for (const preferred of [
    { framework: 'tf' },
    { size: 'large' },
    { squad: '2.0' },
    { seq: '128' },
    { isQat: false },
  ] as const) {
    narrow(({ traits }) => fits(traits, preferred));
  }
  const [preset] = fitting;
  if (preset === undefined) throw new Error('narrowing keeps at least one');
  return { preset, others: all.filter((other) => other !== preset).map(({ name }) => name) };
}

function chooseData(words: readonly string[], { squad, split, ...others }: WantedTraits): ChosenPreset {
  const wrong = [
    ...words.filter((word) => !['v1_1', 'v2', 'v2_0'].includes(word)),
    ...Object.keys(others).map(flagName),
  ];
  if (wrong.length > 0) {
    throw new ConfigError(
      `squad is chosen by --squad and --split alone; ${wrong.join(', ')} says nothing about it`,
    );
  }
  const [word] = words;
  const version = squad ?? scriptWords[word ?? '']?.squad ?? '1.1';
  const data = presets.filter((preset): preset is DataPreset => preset.kind === 'data');
  const preset = data.find((each) => each.squad === version && each.split === (split ?? 'dev'));
  if (preset === undefined) throw new ConfigError(`no such data set. There are:\n${listOf(data)}`);
  return { preset, others: [] };
}

function describe(wanted: WantedTraits): string {
  const { framework, size, seq, squad, isSparse, isQat } = wanted;
  return [
    ...(framework === undefined ? [] : [framework]),
    ...(size === undefined ? [] : [`BERT-${size}`]),
    ...(seq === undefined ? [] : [`length ${seq}`]),
    ...(squad === undefined ? [] : [`SQuAD ${squad}`]),
    ...(isSparse ? ['sparse'] : []),
    ...(isQat ? ['quantisation-aware'] : []),
  ].join(', ');
}

const flagName = (trait: string): string => `--${trait.replace(/^is/, '').toLowerCase()}`;

const listOf = (list: readonly Preset[]): string =>
  list.map(({ name, summary }) => `  ${name.padEnd(20)} ${summary}`).join('\n');

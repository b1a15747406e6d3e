// The values of --config_ver: accuracy, power and harness spelled into one word, as NVIDIA's submissions spell them.
// Follows nvidia-harness §3.3 of the published rounds: default, high_accuracy, triton, maxq, hetero and their combinations.

/** Every variant that a submission has used. */
export const configVers = [
  'default',
  'high_accuracy',
  'triton',
  'high_accuracy_triton',
  'triton_unified',
  'high_accuracy_triton_unified',
  'maxq',
  'maxq_high_accuracy',
  'maxq_triton',
  'maxq_high_accuracy_triton',
  'maxq_triton_unified',
  'maxq_high_accuracy_triton_unified',
  'hetero',
  'hetero_high_accuracy',
] as const;
export type ConfigVer = (typeof configVers)[number];

/** What `--config_ver=all` stands for: the variants that need no other server, power cap or neighbours on the GPU. */
export const allConfigVers = ['default', 'high_accuracy'] as const satisfies readonly ConfigVer[];

export const accuracyTargets = ['k_99', 'k_99_9'] as const;
export const powerSettings = ['MaxP', 'MaxQ'] as const;
export const harnessTypes = ['custom', 'triton', 'triton_unified', 'hetero'] as const;

/** A variant in the words of the later rounds. */
export interface Variant {
  /** k_99: bert-99; k_99_9: bert-99.9. */
  readonly accuracy_target: (typeof accuracyTargets)[number];
  /** MaxP: full power. MaxQ: a power cap, and targets to match. */
  readonly power_setting: (typeof powerSettings)[number];
  /** custom: this program alone; triton: through Triton Inference Server; hetero: the other MIG slices are busy. */
  readonly harness_type: (typeof harnessTypes)[number];
}

/** The parts a variant's name is made of, weakest first: where two blocks of a file disagree, the later part wins. */
const words = ['default', 'unified', 'triton', 'hetero', 'maxq', 'high_accuracy'] as const;
type Word = (typeof words)[number];

function wordsOf(ver: ConfigVer): ReadonlySet<Word> {
  const found = words.filter((word) => ver.includes(word));
  return new Set(found.includes('high_accuracy') ? found : ['default', ...found]);
}

/** A variant's name taken apart. */
export function variantOf(ver: ConfigVer): Variant {
  const has = wordsOf(ver);
  const harness = has.has('unified')
    ? 'triton_unified'
    : has.has('triton')
      ? 'triton'
      : has.has('hetero')
        ? 'hetero'
        : 'custom';
  return {
    accuracy_target: has.has('high_accuracy') ? 'k_99_9' : 'k_99',
    power_setting: has.has('maxq') ? 'MaxQ' : 'MaxP',
    harness_type: harness,
  };
}

/** The variant with these parts; undefined where no submission has combined them. */
export function configVerOf(variant: Variant): ConfigVer | undefined {
  return configVers.find((ver) => {
    const { accuracy_target, power_setting, harness_type } = variantOf(ver);
    return (
      accuracy_target === variant.accuracy_target &&
      power_setting === variant.power_setting &&
      harness_type === variant.harness_type
    );
  });
}

/**
 * Which of a file's `config_ver` blocks hold for a variant, weakest first: a block holds when the variant has all its
 * words, so `triton` also holds for `high_accuracy_triton`, where `high_accuracy` is stronger and
 * `high_accuracy_triton` strongest. `default` holds for every variant of the 99 % target.
 */
export function blocksFor(ver: ConfigVer, given: readonly ConfigVer[]): readonly ConfigVer[] {
  const has = wordsOf(ver);
  return given
    .filter((block) => [...selectorOf(block)].every((word) => has.has(word)))
    .sort((a, b) => compareRanks(rankOf(a), rankOf(b)));
}

const selectorOf = (block: ConfigVer): ReadonlySet<Word> =>
  block === 'default'
    ? new Set<Word>(['default'])
    : new Set([...wordsOf(block)].filter((word) => word !== 'default'));

/** More words first, then the stronger word. */
function rankOf(block: ConfigVer): readonly number[] {
  const places = [...selectorOf(block)].map((word) => words.indexOf(word));
  return [places.length, ...places.sort((a, b) => b - a)];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((value, index) => value !== b[index]);
  return place < 0 ? 0 : (a[place] ?? 0) - (b[place] ?? 0);
}

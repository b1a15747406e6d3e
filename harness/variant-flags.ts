// --accuracy_target, --power_setting and --harness_type: the words of NVIDIA's later rounds for the parts of --config_ver.

import { configVerOf } from '../configs/variants.js';
import type { Variant } from '../configs/variants.js';

const parts = ['accuracy_target', 'power_setting', 'harness_type'] as const;
const usual: Variant = { accuracy_target: 'k_99', power_setting: 'MaxP', harness_type: 'custom' };

/** Flags with the three parts put together to a config_ver; what is wrong with them joins the problems. */
export function variantFlags(
  values: ReadonlyMap<string, unknown>,
  problems: string[],
): ReadonlyMap<string, unknown> {
  const given = parts.filter((part) => values.get(part) !== undefined);
  if (given.length === 0) return values;
  const named = given.map((part) => `--${part}`).join(', ');
  if (values.has('config_ver')) {
    problems.push(`--config_ver and ${named} say the same in two ways; give one of them`);
    return values;
  }
  const said = Object.fromEntries(given.map((part) => [part, values.get(part)]));
  const configVer = configVerOf({ ...usual, ...said });
  if (configVer === undefined) {
    problems.push(`${named}: no submission has combined these; see: loadrig list variants`);
    return values;
  }
  return new Map([...values, ['config_ver', [configVer]]]);
}

/** Further spellings: .99 and 99 % numbers of the accuracy target, auto for the harness. */
const spellings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  accuracy_target: {
    '.99': 'k_99',
    '0.99': 'k_99',
    '99': 'k_99',
    '.999': 'k_99_9',
    '0.999': 'k_99_9',
    '99.9': 'k_99_9',
  },
  harness_type: { auto: 'custom', hetero_mig: 'hetero' },
};

/** The word that a text of one of the three flags stands for; undefined where it is spelled as usual. */
export function variantWord(key: string, text: string): string | undefined {
  return spellings[key]?.[text.toLowerCase()];
}

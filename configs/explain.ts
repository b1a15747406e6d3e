// Where the value of one setting came from, and what each layer said about it: the content of `loadrig explain KEY`.

import type { BenchmarkConfig, Label, Provenance } from './benchmark-config.js';
import { didYouMean } from './did-you-mean.js';
import { ConfigError } from './errors.js';
import { layersOf } from './layers.js';
import { resolveConfigs, runsOf } from './resolve.js';
import type { ResolveInput } from './resolve.js';
import { settingTable } from './setting-table.js';
import type { Setting } from './setting-table.js';

/** What one layer says of a setting. */
export interface LayerSays {
  /** `default`, `flag`, a file, or a block of one. */
  readonly origin: string;
  /** The `config_ver` block of the file. */
  readonly config_ver?: string;
  /** What it calls published are rules of the benchmark. */
  readonly isRules?: boolean;
  /** Undefined: it says nothing. */
  readonly value: Provenance['value'] | undefined;
  readonly label?: Label;
  readonly note?: string;
}

/** One setting of one run. */
export interface Explanation {
  readonly setting: Setting;
  readonly config: BenchmarkConfig;
  /** The value that holds; undefined while it is still to be measured. */
  readonly holds: Provenance | undefined;
  /** The setting belongs to another scenario or engine and has no effect here. */
  readonly isUnused: boolean;
  /** All layers, lowest first. */
  readonly layers: readonly LayerSays[];
}

/**
 * Explains one setting in every run that the flags ask for.
 *
 * @param name The setting's key, or another spelling of its flag.
 * @throws {ConfigError} for an unknown name, and for everything that is wrong with the runs.
 */
export function explainSetting(input: ResolveInput, name: string): readonly Explanation[] {
  const setting = settingOf(name);
  const configs = resolveConfigs(input);
  return runsOf(input, []).flatMap((run, index) => {
    const config = configs[index];
    if (config === undefined) return [];
    const layers = layersOf(run).map(({ origin, config_ver, isRules, settings }): LayerSays => {
      const said = [...settings].find(([key]) => key === setting.key)?.[1];
      return {
        ...(config_ver === undefined ? {} : { config_ver }),
        ...(isRules === undefined ? {} : { isRules }),
        ...said,
        origin: said?.origin ?? origin,
        value: said?.value as Provenance['value'] | undefined,
      };
    });
    const isUnused =
      (setting.scenario !== undefined && setting.scenario !== config.scenario) ||
      (setting.engines !== undefined && !setting.engines.includes(config.settings.engine));
    return [{ setting, config, holds: config.provenance[setting.key], isUnused, layers }];
  });
}

function settingOf(name: string): Setting {
  const plain = name.replace(/^--/, '').toLowerCase().replaceAll('-', '_');
  const setting = settingTable.find(({ key, aliases }) => key === plain || aliases.includes(plain));
  if (setting?.scope === 'setting') return setting;
  if (setting !== undefined) {
    throw new ConfigError(
      `${setting.key} is a flag alone: it chooses what a call does, and no file or machine says it. --help tells its default.`,
    );
  }
  const names = settingTable
    .filter(({ scope }) => scope === 'setting')
    .flatMap(({ key, aliases }) => [key, ...aliases]);
  throw new ConfigError(
    `there is no setting "${name}" (loadrig --help shows them all)${didYouMean(plain, names)}`,
  );
}

/** The explanations as text for a person, one block a run; ends with a newline. */
export function explanationText(explanations: readonly Explanation[]): string {
  return explanations.map(block).join('\n');
}

function block({ setting, config, holds, isUnused, layers }: Explanation): string {
  const unit = setting.unit === undefined ? '' : ` ${setting.unit}`;
  const value =
    holds === undefined ? 'to be measured by a probe before the run' : `${shown(holds.value)}${unit}`;
  const basis = holds === undefined ? '' : said(holds);
  const saying = layers.filter((layer) => layer.value !== undefined);
  const silent = [
    ...new Set(layers.filter((layer) => layer.value === undefined).map(({ origin }) => origin)),
  ].filter((origin) => !saying.some((layer) => layer.origin === origin));
  const width = Math.max(0, ...saying.map((layer) => nameOf(layer).length));
  const lines = saying.map((layer, place) => {
    // What a value rests on is known of the one that holds, and of the rules.
    const text = place === saying.length - 1 || layer.isRules === true ? said(layer) : '';
    return `    ${nameOf(layer).padEnd(width)}  ${shown(layer.value)}${text === '' ? '' : `  (${text})`}`;
  });
  const isReplaced = holds !== undefined && saying.length > 0 && saying.at(-1)?.value !== holds.value;
  return [
    `${setting.key} = ${value}    ${config.system_id}, ${config.scenario}, config_ver ${config.config_ver}`,
    `  ${setting.description}`,
    ...(isUnused ? [`  It has no effect on ${config.scenario} with engine ${config.settings.engine}.`] : []),
    ...(holds === undefined ? [] : [`  from ${holds.origin}${basis === '' ? '' : `; ${basis}`}`]),
    ...(lines.length === 0
      ? ['  no layer says anything']
      : ['  what the layers say, the last one wins:', ...lines]),
    ...(isReplaced
      ? [`    → replaced by ${shown(holds.value)} from ${holds.origin}${basis === '' ? '' : ` (${basis})`}`]
      : []),
    ...(silent.length === 0 ? [] : [`  nothing is said by: ${silent.join(', ')}`]),
    '',
  ].join('\n');
}

const nameOf = ({ origin, config_ver }: LayerSays) =>
  config_ver === undefined ? origin : `${origin}, config_ver ${config_ver}`;

const said = ({ label, note }: Pick<Provenance, 'label' | 'note'>) =>
  [label, note].filter((part) => part !== undefined).join(': ');

const shown = (value: unknown) => (value === '' ? '(empty)' : String(value));

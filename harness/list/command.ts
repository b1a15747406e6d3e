// `loadrig list systems|scenarios|variants|config_schema`: what exists.

import { configJsonSchema } from '../../configs/config-file.js';
import { didYouMean } from '../../configs/did-you-mean.js';
import { ConfigError, exitCodes } from '../../configs/errors.js';
import { openCatalogue } from '../gpu-systems.js';
import { commandHelp, parseCommandFlags } from '../command-flags.js';
import type { CommandFlags, CommandUsage } from '../command-flags.js';
import { packageRoot } from '../program.js';
import { toJsonText } from '../write-file.js';
import { systemsPage } from './systems-page.js';
import { scenarioTable, systemTable, tableText, variantTable } from './tables.js';
import type { Table } from './tables.js';

const flags = {
  json: { kind: 'boolean', description: 'Print the rows as JSON.' },
  markdown: {
    kind: 'boolean',
    description: 'systems: print the page of all GPUs with their settings (docs/systems.md).',
  },
} as const satisfies CommandFlags;

const usage: CommandUsage = {
  name: 'loadrig list',
  usage:
    'loadrig list systems|scenarios|variants [--json]: what exists\nloadrig list config_schema: the JSON Schema of config.json, for editors',
  examples: [
    'loadrig list systems',
    'loadrig list variants --json',
    'loadrig list systems --markdown > docs/systems.md',
  ],
  mostWords: 1,
};

const lists = ['systems', 'scenarios', 'variants', 'config_schema'] as const;

/** Prints the list that is named. @throws {ConfigError} */
export async function run(argv: readonly string[]): Promise<number> {
  const { values, words, isHelp } = parseCommandFlags(flags, usage, argv);
  if (isHelp) {
    process.stdout.write(await commandHelp(flags, usage));
    return exitCodes.valid.code;
  }
  const [word = ''] = words;
  const list = lists.find((name) => name === word);
  if (list === undefined) {
    const got = word === '' ? 'got nothing' : `got "${word}"${didYouMean(word, lists)}`;
    throw new ConfigError(`list needs one of ${lists.join(', ')}; ${got}`);
  }
  if (values.markdown && (list !== 'systems' || values.json))
    throw new ConfigError('--markdown is for systems, and without --json');
  if (list === 'config_schema') process.stdout.write(toJsonText(configJsonSchema()));
  else process.stdout.write(values.markdown ? systemsPage(packageRoot) : textOf(tableOf(list), values.json));
  return exitCodes.valid.code;
}

function tableOf(list: Exclude<(typeof lists)[number], 'config_schema'>): Table {
  const catalogue = openCatalogue(packageRoot);
  switch (list) {
    case 'systems':
      return systemTable(catalogue);
    case 'scenarios':
      return scenarioTable(catalogue.gpuConfigs);
    case 'variants':
      return variantTable(catalogue);
  }
}

const textOf = (table: Table, asJson: boolean) => (asJson ? toJsonText(table) : tableText(table));

// `loadrig explain KEY [flags]`: where the value of a setting comes from, and what each layer says of it.

import { exitCodes, ConfigError } from '../../configs/errors.js';
import { explainSetting, explanationText } from '../../configs/explain.js';
import { detectMachine } from '../../systems/capture.js';
import { parseFlags } from '../flags.js';
import { detectedFor, resolveInput } from '../resolve-flags.js';

const usage = `loadrig explain KEY [flags]: where the value of a setting comes from

The flags are those of a run (loadrig --help): --scenarios, --config_ver, --system=ID, --quick, any setting.
A scenario's own setting is explained for that scenario.

Examples:
  loadrig explain server_target_qps --system=A100-PCIe-80GBx8
  loadrig explain batch_size --system=T4x20 --scenarios=Offline --config_ver=default,high_accuracy
  loadrig explain min_duration_ms --quick
`;

/** Prints one block for each run that the flags ask for. @throws {ConfigError} */
export async function run(argv: readonly string[]): Promise<number> {
  if (argv.some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(usage);
    return exitCodes.valid.code;
  }
  const keys = argv.filter((argument) => !argument.startsWith('-'));
  const [key] = keys;
  if (key === undefined || keys.length > 1) {
    throw new ConfigError(
      `explain takes one setting, got ${keys.length}; for example: loadrig explain server_target_qps --system=T4x8`,
    );
  }
  const line = parseFlags(argv.filter((argument) => argument !== key));
  if (line.kind !== 'run') throw new ConfigError('explain shows no version; use: loadrig --version');
  if (line.flags.selection.config !== undefined)
    throw new ConfigError(
      'explain shows layers, and a saved config.json has none: its own "provenance" says where each value came from, and so does --dry_run --config=FILE.',
    );
  const detected = await detectedFor(line.flags, await detectMachine());
  const explanations = explainSetting(resolveInput(line.flags, detected), key);
  // Without --scenarios, a setting of one scenario is explained there alone.
  const used = explanations.filter(({ isUnused }) => !isUnused);
  process.stdout.write(explanationText(used.length === 0 ? explanations : used));
  return exitCodes.valid.code;
}

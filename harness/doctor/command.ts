// `loadrig doctor`: whether this machine is ready for a run, line by line, with what to do.

import { exitCodes, ConfigError } from '../../configs/errors.js';
import type { Flags } from '../../configs/schema.js';
import { captureMachine } from '../../systems/capture.js';
import { describeMachine } from '../../systems/machine.js';
import type { Machine } from '../../systems/machine.js';
import { openKeys } from '../../systems/submission-form.js';
import { commandHelp, parseCommandFlags } from '../command-flags.js';
import type { CommandFlags, CommandUsage } from '../command-flags.js';
import { parseFlags } from '../flags.js';
import { detectedFor, resolveFlags } from '../resolve-flags.js';
import type { Detected } from '../resolve-flags.js';
import { formOf, writeNewForm } from '../system-forms.js';
import { toJsonText } from '../write-file.js';
import { enginesOf, examine, isReady } from './examine.js';
import type { Wanted } from './examine.js';
import { gatherHostFacts } from './gather.js';
import { reportObject, reportText } from './report.js';

/** The whole report takes less than 3 s, even where the driver hangs. */
const NVIDIA_SMI_TIMEOUT_MS = 2_000;

const flags = {
  json: { kind: 'boolean', description: 'Print the lines and the machine as JSON.' },
  write_system: {
    kind: 'text',
    description:
      "Also write this machine's description in the form of an MLPerf submission to a new file; an existing one is never replaced.",
  },
} as const satisfies CommandFlags;

const usage: CommandUsage = {
  name: 'loadrig doctor',
  usage:
    'loadrig doctor [flags of a run]: whether this machine is ready for it\n\nEach line is ok, warning or missing, with what to do. The flags of a run (loadrig --help) choose what is asked of\nthe machine: --engine, --scenarios, --config_ver, --batch_size, --model, --data …\nExit code: 0 nothing is missing, 3 something is that the run needs; warnings do not count.',
  examples: [
    'loadrig doctor',
    'loadrig doctor --engine=tensorrt --scenarios=Offline',
    'loadrig doctor --json > doctor.json',
    'loadrig doctor --write_system=systems/my_machine.json',
  ],
};

/** Prints the report. @throws {ConfigError | SetupError} for flags that are wrong, and where --write_system cannot write. */
export async function run(argv: readonly string[]): Promise<number> {
  const { own, ofRun } = separated(argv);
  const { values, isHelp } = parseCommandFlags(flags, usage, own);
  if (isHelp) {
    process.stdout.write(await commandHelp(flags, usage));
    return exitCodes.valid.code;
  }
  const line = parseFlags(ofRun);
  if (line.kind !== 'run') throw new ConfigError('doctor shows no version; use: loadrig --version');

  const machine = describeMachine(await captureMachine(NVIDIA_SMI_TIMEOUT_MS));
  const wanted = resolveWanted(line.flags, await detectedFor(line.flags, machine));
  const facts = await gatherHostFacts(
    inputsOf(line.flags, wanted),
    tensorrtLibOf(line.flags, wanted, machine),
  );
  const checks = examine(machine, facts, wanted);
  process.stdout.write(values.json ? toJsonText(reportObject(checks, machine)) : reportText(checks));
  if (values.write_system !== undefined) writeSystem(values.write_system, machine, wanted);
  return isReady(checks) ? exitCodes.valid.code : exitCodes.setup.code;
}

/** Our own flags apart from those of a run, which have a table of their own. */
function separated(argv: readonly string[]): {
  readonly own: readonly string[];
  readonly ofRun: readonly string[];
} {
  const own: string[] = [];
  const ofRun: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? '';
    const name = /^--?([a-zA-Z][\w-]*)/.exec(argument)?.[1]?.replaceAll('-', '_');
    const isOwn =
      name !== undefined && (name in flags || name === 'no_json' || name === 'help' || name === 'h');
    (isOwn ? own : ofRun).push(argument);
    const next = argv[i + 1];
    if (name === 'write_system' && !argument.includes('=') && next?.startsWith('-') === false) {
      own.push(next);
      i++;
    }
  }
  return { own, ofRun };
}

/** The configurations; a machine for which there are none is a finding, not the end. */
function resolveWanted(runFlags: Flags, detected: Detected): Wanted {
  try {
    const { configs, notes } = resolveFlags(runFlags, detected);
    return { configs, notes };
  } catch (error) {
    const { engine } = runFlags.overrides as { readonly engine?: string };
    if (error instanceof ConfigError) return { unresolved: error.message, engine };
    throw error;
  }
}

/** The folder of TensorRT's libraries, '' = where they are looked for; undefined where nobody could mean that engine. */
function tensorrtLibOf({ overrides }: Flags, wanted: Wanted, { gpus }: Machine): string | undefined {
  const configs = 'configs' in wanted ? wanted.configs : [];
  const onGpus = configs.find(({ settings }) => settings.engine === 'tensorrt');
  if (onGpus !== undefined) return onGpus.settings.tensorrt_lib;
  const couldBe = enginesOf(wanted).has('tensorrt') || gpus.length > 0;
  return couldBe ? (overrides.tensorrt_lib ?? '') : undefined;
}

const ofShipped = { model: 'data/models/minilm-qa', data: 'data/squad/xquad.en.json' };

function inputsOf({ overrides }: Flags, wanted: Wanted): { readonly model: string; readonly data: string } {
  const [first] = 'configs' in wanted ? wanted.configs : [];
  if (first !== undefined) return first.settings;
  const { model, data } = overrides as Partial<typeof ofShipped>;
  return { model: model ?? ofShipped.model, data: data ?? ofShipped.data };
}

function writeSystem(file: string, machine: Machine, wanted: Wanted): void {
  const [first] = 'configs' in wanted ? wanted.configs : [];
  const form = formOf(
    machine,
    first?.system_name ?? machine.system.system_id,
    first?.settings.engine ?? 'onnxruntime',
  );
  writeNewForm(file, form);
  process.stderr.write(
    `${file}: written. To be filled in by hand: ${openKeys(form).join(', ') || 'nothing'}\n`,
  );
}

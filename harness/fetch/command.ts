// `loadrig fetch`: models and data sets from an address, a file, a folder or an archive, checked and with a manifest.

import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, exitCodes } from '../../configs/errors.js';
import { quoted } from '../../configs/explain-issue.js';
import { commandHelp, parseCommandFlags, type FlagValues } from '../command-flags.js';
import { tableText } from '../list/tables.js';
import { dataPath, inputPath } from '../places.js';
import { toJsonText } from '../write-file.js';
import { areScriptWords, choosePreset, syntheticNames, type WantedTraits } from './choose-preset.js';
import { fetchFiles, type FetchPlan } from './fetch-files.js';
import { fetchFlags, fetchUsage } from './flags.js';
import { verifyFolder } from './manifest.js';
import { describePlan, presetRows } from './plan-text.js';
import { presets } from './presets.js';
import { itemsFrom, itemsOfPreset } from './sources.js';
import { parseSeed, writeSyntheticFolder } from './synthetic-folder.js';
import { createTransferProgress } from './transfer-progress.js';

type Values = FlagValues<typeof fetchFlags>;

const STALL_MS = 60_000;

/** Fetches, lists or verifies. @throws {ConfigError | SetupError} */
export async function run(argv: readonly string[]): Promise<number> {
  const { values, words, isHelp } = parseCommandFlags(fetchFlags, fetchUsage, argv);
  if (isHelp) {
    process.stdout.write(await commandHelp(fetchFlags, fetchUsage));
    return exitCodes.valid.code;
  }
  if (values.verify !== undefined) return verify(values.verify, words, values.json);
  const traits = traitsOf(values);
  if (words.length === 0 && values.from.length === 0 && Object.keys(traits).length === 0) {
    process.stdout.write(values.json ? toJsonText(presets) : presetText());
    return exitCodes.valid.code;
  }
  if (values.json) throw new ConfigError('--json is for the list of presets and for --verify');
  const size = syntheticNames.find((name) => name === words[0]);
  if (size !== undefined) return makeSynthetic(size, words, values);
  if (values.seed !== undefined)
    throw new ConfigError('--seed is for synthetic-bert-base and synthetic-bert-large');
  return fetchPlanned(planOf(words, values, traits), values);
}

function presetText(): string {
  return `${tableText(presetRows())}\nFetch one by its name: loadrig fetch ${presets[0]?.name ?? ''}. Your own: loadrig fetch NAME --from SOURCE. All flags: loadrig fetch --help\n`;
}

function traitsOf({ framework, size, seq, squad, sparse, qat, split }: Values): WantedTraits {
  const given = {
    framework,
    size,
    seq,
    squad,
    isSparse: sparse || undefined,
    isQat: qat || undefined,
    split,
  };
  // The parser has held each of them to its choices.
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function planOf(words: readonly string[], values: Values, traits: WantedTraits): FetchPlan {
  if (values.from.length > 0) return ownPlan(words, values, traits);
  if (values.sha256 !== undefined)
    throw new ConfigError('--sha256 is for --from; a preset has its own hashes');
  const { preset, others } = choosePreset(words, traits);
  if (others.length > 0) say(`${preset.name} is meant; ${others.join(', ')} would fit as well`);
  const folder = preset.kind === 'model' ? `models/${preset.name}` : 'squad';
  return {
    kind: preset.kind,
    preset: preset.name,
    items: itemsOfPreset(preset),
    target: values.to ?? dataPath(folder),
  };
}

/** --from: a preset's name or a name of one's own says what it becomes. */
function ownPlan(words: readonly string[], values: Values, traits: WantedTraits): FetchPlan {
  if (Object.keys(traits).length > 0 && words[0] !== 'squad' && !areScriptWords(words)) {
    throw new ConfigError(
      '--framework, --size, --seq, --squad, --split, --sparse and --qat choose a preset; with --from give a name',
    );
  }
  const items = itemsFrom(values.from, values.sha256, (names) =>
    say(`left out of the folder (no plain files, or hidden): ${names.join(', ')}`),
  );
  const [name = '', ...more] = words;
  const chosen = name === 'squad' || areScriptWords(words) || presets.some((preset) => preset.name === name);
  if (chosen) {
    const { preset } = choosePreset(words, traits);
    const folder = preset.kind === 'model' ? `models/${preset.name}` : 'squad';
    return { kind: preset.kind, items, target: values.to ?? dataPath(folder) };
  }
  if (more.length > 0) throw new ConfigError(`one name, please; got ${words.join(' ')}`);
  if (name === '' && values.to === undefined) {
    throw new ConfigError('--from needs a name (data/models/<name>), or a folder by --to');
  }
  if (name !== '' && !/^[a-z0-9][\w.-]*$/i.test(name)) {
    throw new ConfigError(
      `${quoted(name)} cannot be the name of a folder here; use letters, digits, ".", "_" and "-"`,
    );
  }
  return { kind: 'model', items, target: values.to ?? dataPath(`models/${name}`) };
}

async function fetchPlanned(plan: FetchPlan, values: Values): Promise<number> {
  const offline = values.offline ?? (process.env['LOADRIG_OFFLINE'] || undefined);
  const retryCount = values.retries ?? 5;
  if (!Number.isInteger(retryCount) || retryCount < 0 || retryCount > 1000) {
    throw new ConfigError(`--retries must be a whole number from 0 to 1000, got ${retryCount}`);
  }
  const text = describePlan(plan, offline);
  if (values.dry_run) {
    process.stdout.write(text);
    return exitCodes.valid.code;
  }
  if (!values.quiet) process.stderr.write(text);
  using stop = listenForStop();
  try {
    const { state, files } = await fetchFiles(plan, {
      offline,
      replace: values.replace,
      now: () => new Date(),
      tools: {
        say: values.quiet ? () => undefined : say,
        signal: stop.signal,
        retryCount,
        stallMs: STALL_MS,
        pause: async (ms) => {
          await sleep(ms, undefined, { signal: stop.signal });
        },
      },
      startProgress: (title) =>
        createTransferProgress(title, {
          output: process.stderr,
          isQuiet: values.quiet,
          nowMs: () => performance.now(),
        }),
    });
    report(state, plan.target, files);
    return exitCodes.valid.code;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    say('Stopped. What came is kept: the same command goes on from there.');
    return exitCodes.interrupted.code;
  }
}

function report(state: 'there' | 'fetched', target: string, files: readonly string[]): void {
  const what = `${target}: ${files.join(', ')}`;
  process.stdout.write(state === 'there' ? `${what}; there already, nothing was loaded\n` : `${what}\n`);
}

async function makeSynthetic(
  name: (typeof syntheticNames)[number],
  words: readonly string[],
  values: Values,
): Promise<number> {
  if (words.length > 1 || values.from.length > 0) {
    throw new ConfigError(
      `${name} is made here, of --seed alone; leave out ${[...words.slice(1), ...values.from.map(() => '--from')].join(', ')}`,
    );
  }
  const seed = parseSeed(values.seed ?? '1');
  const target = values.to ?? dataPath(`models/${name}`);
  if (values.dry_run) {
    process.stdout.write(
      `${target}: random weights of seed ${seed}, made when they are used; nothing is loaded\n`,
    );
    return exitCodes.valid.code;
  }
  const state = await writeSyntheticFolder({
    size: name === 'synthetic-bert-base' ? 'bert-base' : 'bert-large',
    seed,
    target: resolve(target),
    vocabulary: inputPath('data/models/minilm-qa/vocab.txt'),
    replace: values.replace,
    now: new Date(),
  });
  process.stdout.write(
    state === 'there'
      ? `${target}: there already\n`
      : `${target}: random weights of seed ${seed}; for speed alone, its answers mean nothing\n`,
  );
  return exitCodes.valid.code;
}

async function verify(folder: string, words: readonly string[], asJson: boolean): Promise<number> {
  if (words.length > 0) throw new ConfigError(`--verify takes a folder alone; leave out ${words.join(' ')}`);
  const files = await verifyFolder(folder);
  if (asJson) process.stdout.write(toJsonText(files));
  else
    process.stdout.write(
      files.map(({ name, state, detail }) => `${state.padEnd(8)} ${name}  ${detail}\n`).join(''),
    );
  const wrong = files.filter(({ state }) => state !== 'ok');
  if (wrong.length === 0) return exitCodes.valid.code;
  throw new ConfigError(
    `${folder}: ${wrong.length} of ${files.length} files are not what was fetched:\n${wrong
      .map(({ name, detail }) => `  ${name}: ${detail}`)
      .join('\n')}\nFetch again with --replace.`,
  );
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Ctrl-C once stops between two pieces; a second one ends the program at once. */
function listenForStop(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const stop = (): void => {
    ignore();
    controller.abort();
  };
  const ignore = (): void => {
    for (const name of signals) process.off(name, stop);
  };
  for (const name of signals) process.on(name, stop);
  return { signal: controller.signal, [Symbol.dispose]: ignore };
}

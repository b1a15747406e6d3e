// `loadrig build`: an engine file from a checkpoint. Does the work of builder.py of the TensorRT BERT demo.

import { basename, dirname, join, resolve } from 'node:path';
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { arch, cpus, hostname, platform, release } from 'node:os';
import { ConfigError, exitCodes } from '../../configs/errors.js';
import type { Precision } from '../../configs/engine-choices.js';
import { openCheckpoint, type BertCheckpoint } from '../../engines/bert/checkpoint.js';
import { activationBytes, gigaflopsPerSample } from '../../engines/bert/model-figures.js';
import { sparsityOf } from '../../engines/bert/sparsity.js';
import type { EngineProfile } from '../../engines/contract.js';
import { buildEngineFile } from '../../engines/index.js';
import { withBuildLock } from '../../engines/build-lock.js';
import { createBuildBar } from '../build-bar.js';
import { commandHelp, parseCommandFlags } from '../command-flags.js';
import { buildPath, inputPath } from '../places.js';
import { describeProgram } from '../program.js';
import { toJsonText } from '../write-file.js';
import { buildFlags, buildUsage, type BuildFlags } from './flags.js';
import { readModelSource } from './model-source.js';
import { expectedSeconds, keepBuildTimes } from './build-times.js';
import { createPhases, type Phases } from './phases.js';
import { checkLogits } from './check-logits.js';
import { prepareInt8, whyNoCalibration } from './int8-model.js';
import { describeFiles, placeEngine, prepareOutput, wholeSidecar } from './place-engine.js';
import { profileText, readProfiles } from './profiles.js';
import { SIDECAR_FORMAT } from './sidecar.js';
import { writeNetworkFile } from './network-file.js';
import { flagsWithoutEffect } from './without-effect.js';

/** @throws {ConfigError | SetupError | RunError} */
export async function run(argv: readonly string[]): Promise<number> {
  const { values: flags, isHelp } = parseCommandFlags(buildFlags, buildUsage, argv);
  if (isHelp) {
    process.stdout.write(await commandHelp(buildFlags, buildUsage));
    return exitCodes.valid.code;
  }
  const say = flags.quiet ? () => undefined : (line: string) => void process.stderr.write(`${line}\n`);
  const engine = flags.engine ?? 'onnxruntime';
  const precision = precisionOf(flags);
  if (flags.onnx_only) return writeNetworkFile(flags, engine, precision);
  const phases = createPhases({ say, nowMs: () => performance.now() });
  const { source, checkpoint: options } = readModelSource(flags);
  phases.begin('read the model');
  using checkpoint = openCheckpoint(source, options);
  const enginesDir = flags.engines_dir ?? buildPath('engines');
  const timed = {
    kind: `${engine} ${precision}${flags.sensitivity || flags.min_f1_ratio !== undefined ? ', layers measured' : ''}`,
    machine: cpus()[0]?.model ?? 'unknown',
    parameter_count: checkpoint.parameterCount,
  };
  phases.expect(expectedSeconds(enginesDir, timed) ?? {});
  const noCalibration = whyNoCalibration({ flags, checkpoint, source, engine, precision, enginesDir });
  const withoutEffect = flagsWithoutEffect(engine, precision, flags, noCalibration);
  for (const { flag, why } of withoutEffect) say(`${flag} changes nothing here: ${why}`);
  const profiles = readProfiles(flags, checkpoint.config.max_position_embeddings);
  if (flags.sparse) requireSparse(checkpoint, source);
  const output = flags.output ?? buildPath(join('engines', `${modelName(source)}-${precision}.engine`));
  prepareOutput(output);
  for (const line of summaryLines(checkpoint, source, precision, profiles)) say(line);

  return await withBuildLock(
    `${output}.lock`,
    () => say(`waiting for another build of ${output}`),
    async () => {
      const vocabFile = vocabularyOf(source, checkpoint, flags);
      const quantized = await prepareInt8({
        flags,
        checkpoint,
        source,
        engine,
        precision,
        vocabFile,
        enginesDir,
        say,
        onPhase: phases.begin,
      });
      const built = await buildEngineFile({
        engine,
        precision,
        modelDir: source,
        checkpoint: options,
        profiles,
        ...(quantized.int8 === undefined ? {} : { int8: quantized.int8 }),
        enginesDir,
        report: say,
        onProgress: createBuildBar(process.stderr, flags.quiet),
        onPhase: phases.begin,
      });
      phases.begin('place the engine');
      const files = await describeFiles(output, built);
      const sidecar = {
        format: SIDECAR_FORMAT,
        engine,
        runtime: built.runtime,
        precision,
        files,
        model: describeModel(checkpoint, source, flags),
        profiles,
        ...built.notes,
        ...quantized.notes,
        accepted_without_effect: withoutEffect,
      };
      const there = await wholeSidecar(output);
      const isUnchanged = there !== undefined && isSame(there, sidecar);
      if (!isUnchanged) {
        const isChecked = engine === 'onnxruntime' && precision !== 'fp32';
        if (isChecked) phases.begin('check the logits');
        const checked = isChecked ? { logit_check: await checkLogits(built.path, checkpoint, vocabFile) } : {};
        const provenance = await describeBuild(argv, phases);
        if (built.built) keepBuildTimes(enginesDir, { ...timed, seconds: provenance.seconds });
        placeEngine(output, built, toJsonText({ ...sidecar, ...checked, build: provenance }));
      }
      const text = isUnchanged ? 'there already, unchanged' : built.built ? 'built' : 'from the engines built before';
      if (flags.json) process.stdout.write(toJsonText(await wholeSidecar(output)));
      else process.stdout.write(`${output}: ${text}\n`);
      return exitCodes.valid.code;
    },
  );
}

/** Whether everything that the new sidecar says is in the old one. */
function isSame(there: object, sidecar: object): boolean {
  const old = there as Readonly<Record<string, unknown>>;
  const now = JSON.parse(JSON.stringify(sidecar)) as Readonly<Record<string, unknown>>;
  return Object.entries(now).every(([key, value]) => isDeepStrictEqual(old[key], value));
}

/** @throws {ConfigError} when flags contradict each other. */
function precisionOf({ precision, int8, fp16 }: BuildFlags): Precision {
  const short = int8 ? 'int8' : fp16 ? 'fp16' : undefined;
  if (precision !== undefined && short !== undefined && precision !== short)
    throw new ConfigError(`--precision=${precision} contradicts --${short}; give one of them`);
  // The parser has held it to the choices.
  return (precision as Precision | undefined) ?? short ?? 'fp32';
}

/** @throws {ConfigError} naming the matrices that are not sparse. */
function requireSparse(checkpoint: BertCheckpoint, source: string): void {
  const dense = sparsityOf(checkpoint).filter(({ denseGroupCount }) => denseGroupCount > 0);
  if (dense.length === 0) return;
  const [first] = dense;
  throw new ConfigError(
    `--sparse: ${source} is not 2:4 sparse: ${dense.length} matrices have groups of four with more than two weights, ` +
      `e.g. ${first?.name ?? ''} (${first?.denseGroupCount ?? 0} of ${first?.groupCount ?? 0}). Build it without --sparse, or prune it first.`,
  );
}

/** Name of the folder, or of a file without its ending. */
function modelName(source: string): string {
  const name = basename(resolve(source));
  return name.replace(/\.(safetensors|bin|pt|pth|onnx|index|json)$/, '') || 'model';
}

function vocabularyOf(source: string, checkpoint: BertCheckpoint, { vocab_file, config_dir }: BuildFlags): string {
  if (vocab_file !== undefined) return resolve(inputPath(vocab_file));
  const folders = [...(config_dir === undefined ? [] : [inputPath(config_dir)]), dirname(checkpoint.files[0] ?? source)];
  const files = folders.map((folder) => resolve(folder, 'vocab.txt'));
  return files.find((file) => existsSync(file)) ?? files.at(-1) ?? '';
}

function describeModel(checkpoint: BertCheckpoint, source: string, flags: BuildFlags) {
  const { config, layers, kind, files, parameterCount, quantization } = checkpoint;
  return {
    path: resolve(source),
    kind,
    sha256: checkpoint.model_sha256,
    files: files.map((file) => basename(file)),
    vocab_file: vocabularyOf(source, checkpoint, flags),
    is_synthetic: kind === 'synthetic',
    config,
    layers,
    parameter_count: parameterCount,
    ...(quantization === undefined
      ? {}
      : { trained_ranges: { activations: quantization.activations.size, weights: quantization.weights.size } }),
  };
}

async function describeBuild(argv: readonly string[], phases: Phases) {
  const { name, version, commit } = await describeProgram();
  return {
    at: new Date().toISOString(),
    by: `${name} ${version} (${commit})`,
    command: ['loadrig', 'build', ...argv],
    node: process.version,
    machine: {
      host: hostname(),
      os: `${platform()} ${release()}`,
      architecture: arch(),
      processor: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
    },
    seconds: phases.seconds(),
  };
}

/** The model in numbers, and what each profile will need. */
function summaryLines(
  { config, layers, parameterCount, kind, quantization }: BertCheckpoint,
  source: string,
  precision: Precision,
  profiles: readonly EngineProfile[],
): readonly string[] {
  const heads = new Set(layers.map(({ head_count }) => head_count));
  const widths = new Set(layers.map(({ intermediate_size }) => intermediate_size));
  const several = (values: ReadonlySet<number>): string => [...values].sort((a, b) => a - b).join(' or ');
  const lines = [
    `${source}: ${kind}, ${layers.length} layers, hidden ${config.hidden_size}, ${several(heads)} heads of ${config.hidden_size / config.num_attention_heads}, ` +
      `feed-forward ${several(widths)}, ${(parameterCount / 1e6).toFixed(1)} M parameters; ${precision}`,
  ];
  if (kind === 'synthetic') lines.push('random weights: for speed alone, its answers mean nothing');
  if (quantization !== undefined)
    lines.push(`it brings ranges of quantisation-aware training for ${quantization.activations.size} places`);
  for (const profile of profiles) {
    const { batch, sequence } = profile;
    const gflop = gigaflopsPerSample(config, layers, sequence.opt);
    const bytes = activationBytes(config, layers, batch.max, sequence.max);
    lines.push(
      `profile ${profileText(profile)}: ${gflop.toFixed(1)} GFLOP a sample, about ${Math.ceil(bytes / 2 ** 20)} MiB beside the weights`,
    );
  }
  return lines;
}


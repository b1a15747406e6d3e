// Gathers the doctor's facts from this machine, all at once; what cannot be read is empty or null, never an error.

import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readOrEmpty, runCommand } from '../../systems/capture.js';
import { buildPath, inputPath } from '../places.js';
import { describeProgram, packageRoot } from '../program.js';
import { whyNoTensorRt } from '../../engines/index.js';
import { filesBelow, readManifest } from '../fetch/manifest.js';
import { missingFromModel } from '../fetch/model-folder.js';
import type { HostFacts, InputFile } from './host-facts.js';
import { knownSha256 } from './known-inputs.js';
import { modelConfigOf } from '../resolve-flags.js';

const NPM_TIMEOUT_MS = 2_000;
/** Enough to tell classes of disks apart, and soon over. */
const WRITTEN_BYTES = 2 ** 24;

/**
 * @param inputs Model folder and data set, as the settings name them.
 * @param tensorrtLib As --tensorrt_lib, where engine tensorrt is asked for or could be: there are GPUs.
 */
export async function gatherHostFacts(
  inputs: { readonly model: string; readonly data: string },
  tensorrtLib: string | undefined,
): Promise<HostFacts> {
  const modelDir = inputPath(inputs.model);
  const build = buildPath('');
  const [program, npm, tensorrtProblem, model, data, space] = await Promise.all([
    describeProgram(),
    runCommand('npm', ['--version'], NPM_TIMEOUT_MS),
    tensorrtLib === undefined ? undefined : whyNoTensorRt(tensorrtLib),
    modelFiles(modelDir),
    hashed(inputPath(inputs.data)),
    spaceOf(build),
  ]);
  const cgroup = (name: string) => readOrEmpty(join('/sys/fs/cgroup', name));
  const cpu = (name: string) => readOrEmpty(join('/sys/devices/system/cpu', name));
  return {
    node: process.version,
    npm: npm.outcome === 'done' ? (npm.stdout.trim().split('\n').at(-1) ?? null) : null,
    program: `${program.name} ${program.version} (${program.commit})`,
    onnxruntime: onnxruntimeFiles(),
    tensorrtProblem: tensorrtProblem ?? null,
    inputs: { modelDir, modelName: inputs.model, ...model, data, modelConfig: modelConfigOf(modelDir) },
    // After the others: what they read would be measured too.
    disk: { folder: build, ...space, writtenBytesPerSecond: await writeSpeed(build) },
    meminfo: readOrEmpty('/proc/meminfo'),
    cgroupMemoryMax: cgroup('memory.max'),
    cgroupMemoryCurrent: cgroup('memory.current'),
    cgroupCpuMax: cgroup('cpu.max'),
    limits: readOrEmpty('/proc/self/limits'),
    status: readOrEmpty('/proc/self/status'),
    loadavg: readOrEmpty('/proc/loadavg'),
    timerSlackNs: readOrEmpty('/proc/self/timerslack_ns'),
    clockSource: readOrEmpty('/sys/devices/system/clocksource/clocksource0/current_clocksource'),
    isolatedCpus: cpu('isolated'),
    noTurbo: cpu('intel_pstate/no_turbo'),
    boost: cpu('cpufreq/boost'),
  };
}

/** What the doctor looks at in a model's folder. */
const modelParts =
  /^(?:bert_)?config\.json$|^vocab\.txt$|^synthetic\.json$|\.(?:safetensors|bin|pt|pth|onnx)$|\.ckpt/;

async function modelFiles(folder: string): Promise<Pick<HostFacts['inputs'], 'model' | 'modelLacks'>> {
  if (!existsSync(folder)) return { model: [], modelLacks: ['the folder'] };
  const names = filesBelow(folder);
  const expected = new Map(manifestOf(folder)?.map(({ name, sha256 }) => [name, sha256]));
  const parts = names.filter((name) => modelParts.test(name));
  return {
    model: await Promise.all(parts.map((name) => hashed(join(folder, name), expected.get(name)))),
    modelLacks: missingFromModel(folder, names),
  };
}

/** A manifest that cannot be read is that of nobody: `fetch --verify` says what is wrong with it. */
function manifestOf(folder: string): ReturnType<typeof readManifest> {
  try {
    return readManifest(folder);
  } catch {
    return undefined;
  }
}

async function hashed(path: string, expected = knownSha256(path)): Promise<InputFile> {
  try {
    const hash = createHash('sha256');
    const { size } = await stat(path);
    await pipeline(createReadStream(path), hash);
    return { path, expected, sha256: hash.digest('hex'), bytes: size };
  } catch {
    return { path, expected, sha256: null, bytes: 0 };
  }
}

function onnxruntimeFiles(): HostFacts['onnxruntime'] {
  const folder = join(packageFolder('onnxruntime-node') ?? '', 'bin/napi-v6', process.platform, process.arch);
  const manifest = readOrEmpty(join(packageFolder('onnxruntime-node') ?? '', 'package.json'));
  return {
    version: /"version": *"([^"]+)"/.exec(manifest)?.[1] ?? null,
    platform: `${process.platform}/${process.arch}`,
    files: existsSync(folder) ? readdirSync(folder) : [],
  };
}

/** Node's own search: node_modules beside the program, then in each folder above. */
function packageFolder(name: string): string | undefined {
  for (let folder = packageRoot; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(found)) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

async function spaceOf(folder: string): Promise<Pick<HostFacts['disk'], 'freeBytes' | 'totalBytes'>> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return { freeBytes: null, totalBytes: null };
  }
}

/** Writes a short file through to the disk and removes it. */
async function writeSpeed(folder: string): Promise<number | null> {
  const file = join(folder, `.write-test-${process.pid}`);
  try {
    const startNs = process.hrtime.bigint();
    const handle = await open(file, 'wx');
    try {
      await handle.write(Buffer.alloc(WRITTEN_BYTES, 1));
      await handle.sync();
    } finally {
      await handle.close();
    }
    return WRITTEN_BYTES / (Number(process.hrtime.bigint() - startNs) / 1e9);
  } catch {
    return null; // full, read-only or without permission: the check says so
  } finally {
    await rm(file, { force: true }).catch(() => undefined);
  }
}

// Versions, libraries, model and data: without them nothing starts.

import type { Machine } from '../../systems/machine.js';
import { checksOf, gib } from './check.js';
import type { Check } from './check.js';
import type { HostFacts, InputFile } from './host-facts.js';
import { waysToModel } from '../missing-model.js';
import { knownSha256 } from './known-inputs.js';

/** What the program itself stands on. */
export function checkVersions({ node, npm, program }: HostFacts): readonly Check[] {
  const { ok, warning, missing } = checksOf('versions');
  const [major = 0, minor = 0] = node.replace(/^v/, '').split('.').map(Number);
  const isNew = major > 20 || (major === 20 && minor >= 19);
  return [
    ok('loadrig', program),
    isNew
      ? ok('Node.js', node)
      : missing('Node.js', node, 'Install Node.js 20.19 or newer: https://nodejs.org'),
    npm === null
      ? warning('npm', 'not found', 'Only `make build` and `make install` need it; it comes with Node.js.')
      : ok('npm', npm),
  ];
}

/** The libraries of the engines; what the chosen one needs is missing, what another would need is not. */
export function checkLibraries(
  { onnxruntime, tensorrtProblem }: HostFacts,
  machine: Machine,
  engines: ReadonlySet<string>,
): readonly Check[] {
  return [
    ...onnxruntimeChecks(onnxruntime, engines.has('onnxruntime')),
    ...(engines.has('tensorrt') || machine.gpus.length > 0
      ? gpuLibraryChecks(machine, tensorrtProblem, engines.has('tensorrt'))
      : []),
  ];
}

function onnxruntimeChecks(
  { version, platform, files }: HostFacts['onnxruntime'],
  isNeeded: boolean,
): readonly Check[] {
  const { ok, warning, missing } = checksOf('libraries');
  const lacking = isNeeded ? missing : warning;
  if (version === null)
    return [lacking('ONNX Runtime', 'onnxruntime-node is not installed', 'Run `make install`.')];
  if (!files.includes('onnxruntime_binding.node'))
    return [
      lacking(
        'ONNX Runtime',
        `onnxruntime-node ${version} has no binary for ${platform}`,
        'It runs on linux/x64, linux/arm64, darwin/arm64, win32/x64 and win32/arm64; use one of those, or another engine.',
      ),
    ];
  const providers = files.flatMap((name) => /onnxruntime_providers_(\w+)\./.exec(name)?.[1] ?? []);
  const others = providers.filter((name) => name !== 'shared');
  return [
    ok(
      'ONNX Runtime',
      `onnxruntime-node ${version}; execution providers: cpu${others.length === 0 ? ' (no files of others)' : `, ${others.join(', ')}`}`,
    ),
  ];
}

const gpuLibraries = [
  {
    library: 'CUDA driver',
    advice: 'libcuda.so.1 comes with the NVIDIA driver; in a container: docker run --gpus all.',
  },
  {
    library: 'TensorRT',
    advice: 'Install TensorRT (libnvinfer.so) and name its folder in LD_LIBRARY_PATH.',
  },
  {
    library: 'TensorRT plugins',
    advice: 'libnvinfer_plugin.so comes with TensorRT; install it beside libnvinfer.so.',
  },
] as const;

function gpuLibraryChecks(
  { libraries }: Machine,
  problem: string | null,
  isNeeded: boolean,
): readonly Check[] {
  const { ok, warning, missing } = checksOf('libraries');
  const files = gpuLibraries.map(({ library, advice }) => {
    const found = libraries.find((each) => each.library === library);
    if (found !== undefined) return ok(library, `${found.version ?? 'unknown version'} (${found.path})`);
    if (problem === null) return ok(library, 'not in the usual folders; the engine finds what it needs');
    return isNeeded
      ? missing(library, 'not found', advice)
      : warning(library, 'not found', `Engine tensorrt would need it. ${advice}`);
  });
  // What the files alone do not tell: whether the engine is compiled, and finds and likes what is there.
  const [found = '', ...advice] = (problem ?? '')
    .replace(/^engine tensorrt: /, '')
    .split(/(?<=\.) (?=[A-Z])/);
  return [
    ...files,
    problem === null
      ? ok('engine tensorrt', 'finds its libraries and GPUs')
      : (isNeeded ? missing : warning)('engine tensorrt', found, advice.join(' ')),
  ];
}

/** Model and data, by hash where they are ours. */
export function checkInputs({ inputs }: HostFacts, engines: ReadonlySet<string>): readonly Check[] {
  const { warning, missing } = checksOf('model and data');
  const needsModel = [...engines].some((engine) => engine !== 'null');
  const { modelLacks, modelName } = inputs;
  const lacking =
    modelLacks.length === 0
      ? []
      : [
          (needsModel ? missing : warning)(
            modelName,
            modelLacks.includes('the folder')
              ? 'not there'
              : `no whole model; missing: ${modelLacks.join('; ')}`,
            waysToModel(modelName),
          ),
        ];
  const files = [...inputs.model, inputs.data].map((file) => {
    const check = inputCheck(file);
    // The null engine answers without a model, but reads questions with its vocabulary.
    const isUnused = !needsModel && !/vocab\.txt$/.test(file.path) && file !== inputs.data;
    return check.status === 'missing' && isUnused
      ? warning(check.name, check.found, 'Engine null does without; every other needs it.')
      : check;
  });
  return [...lacking, ...files];
}

function inputCheck({ path, sha256, bytes, expected }: InputFile): Check {
  const { ok, missing } = checksOf('model and data');
  if (sha256 === null)
    return missing(
      path,
      'not there, or not readable',
      'Give a folder with --model=DIR and a SQuAD file with --data=FILE, or restore the ones that ship (git checkout data).',
    );
  const isShipped = knownSha256(path) !== undefined;
  const shown = `${(bytes / 1e6).toFixed(1)} MB, sha256 ${sha256.slice(0, 12)}…`;
  if (expected === undefined) return ok(path, `${shown} (your own: no known hash)`);
  return sha256 === expected
    ? ok(path, `${shown} as ${isShipped ? 'shipped' : 'fetched'}`)
    : missing(
        path,
        `sha256 ${sha256}`,
        `It should be ${expected}: the file is damaged or changed. ${isShipped ? 'Restore it (git checkout data)' : 'Fetch it again (--replace)'}, or put yours under another name.`,
      );
}

/** Room and speed of the folder that takes engines, logs and preprocessed data. */
export function checkDisk({ disk }: HostFacts): readonly Check[] {
  const { ok, warning, missing } = checksOf('disk');
  const { folder, freeBytes, totalBytes, writtenBytesPerSecond: speed } = disk;
  return [
    spaceCheck(),
    speed === null
      ? missing(
          'writing',
          `cannot write to ${folder}`,
          'Mend its permissions or free some space; logs and engines go there.',
        )
      : speedCheck(speed),
  ];

  function spaceCheck(): Check {
    if (freeBytes === null || totalBytes === null)
      return warning('space', 'the system does not tell', 'Make sure that some GiB are free.');
    const found = `${gib(freeBytes)} of ${gib(totalBytes)} free in ${folder}`;
    if (freeBytes < 2 ** 29) return missing('space', found, 'Free at least 0.5 GiB for engines and logs.');
    return freeBytes < 5 * 2 ** 30
      ? warning('space', found, 'Long runs with --save_latencies and large engines may fill it.')
      : ok('space', found);
  }

  function speedCheck(bytesPerSecond: number): Check {
    const found = `${Math.round(bytesPerSecond / 1e6)} MB/s, written through`;
    if (bytesPerSecond < 20e6)
      return warning('writing', `slow: ${found}`, 'Logs are written after the run; it only ends later.');
    return ok(
      'writing',
      `${bytesPerSecond < 200e6 ? 'as a hard disk or network folder' : 'as an SSD'}: ${found}`,
    );
  }
}

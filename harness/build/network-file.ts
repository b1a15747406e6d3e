// `loadrig build --engine=tensorrt --onnx_only`: the network that TensorRT would get, on a machine without a GPU.

import { ConfigError, exitCodes } from '../../configs/errors.js';
import type { TensorRtAttention, TensorRtGelu } from '../../configs/gpu-settings.js';
import type { Precision } from '../../configs/engine-choices.js';
import { writeTensorRtOnnx } from '../../engines/index.js';
import { buildPath } from '../places.js';
import { toJsonText, writeWholeFile } from '../write-file.js';
import type { BuildFlags } from './flags.js';
import { readModelSource } from './model-source.js';
import { prepareOutput } from './place-engine.js';
import { readProfiles } from './profiles.js';

/** BERT's position table, where no length is given. */
const LONGEST = 512;

/** Writes <output> (ONNX), its large tensors and its sidecar <output>.json. @throws {ConfigError | SetupError} */
export async function writeNetworkFile(
  flags: BuildFlags,
  engine: string,
  precision: Precision,
): Promise<number> {
  if (engine !== 'tensorrt') throw new ConfigError('--onnx_only is for --engine=tensorrt');
  const { output } = flags;
  if (output === undefined || !output.endsWith('.onnx'))
    throw new ConfigError(`--onnx_only needs --output=FILE.onnx, got ${output ?? 'nothing'}`);
  prepareOutput(output);
  const { source, checkpoint } = readModelSource(flags);
  const lengths = readProfiles(flags, LONGEST).map(({ sequence }) => sequence.max);
  const max_seq_length = Math.max(...lengths);
  const target = {
    tensorrt_version: flags.tensorrt_version ?? '10.6.0',
    compute_capability: flags.compute_capability ?? '9.0',
  };
  const { choice, tensorRanges, buckets } = await writeTensorRtOnnx({
    modelDir: source,
    enginesDir: buildPath('engines'),
    checkpoint,
    precision,
    onnxFile: output,
    ...target,
    gpu: {
      // The parser has held both to their choices.
      tensorrt_attention: (flags.tensorrt_attention ?? 'auto') as TensorRtAttention,
      tensorrt_gelu: (flags.tensorrt_gelu ?? 'auto') as TensorRtGelu,
      variable_length: true,
      max_seq_length,
      length_buckets: '',
    },
  });
  const sidecar = { precision, ...target, network: choice, max_seq_length, buckets, dynamic_ranges: tensorRanges };
  writeWholeFile(`${output}.json`, toJsonText(sidecar));
  if (flags.json) process.stdout.write(toJsonText(sidecar));
  else process.stdout.write(`${output}: ${choice.form}, attention ${choice.attention} (${choice.because})\n`);
  return exitCodes.valid.code;
}

// What does not go together with the engine: number formats it cannot run, settings of other engines, variants that hold
// values of GPU systems.

import type { OneRun, Values } from './layers.js';
import { usesGpus } from './layers.js';
import type { EngineName, Precision, Provider } from './engine-choices.js';
import { findSetting } from './setting-table.js';
import { allConfigVers } from './variants.js';

const ofTensorRt: readonly Precision[] = ['fp32', 'fp16', 'int8', 'bf16', 'fp8'];
const ofProvider: Readonly<Record<Provider, readonly Precision[]>> = {
  cpu: ['fp32', 'fp16', 'int8'],
  cuda: ['fp32', 'fp16'],
  tensorrt: ofTensorRt,
  webgpu: ['fp32', 'fp16'],
};

/** Everything that contradicts the engine of a run, in words, with what to use. */
export function engineProblems({ flags, system, configVer }: OneRun, values: Values): string[] {
  const engine = values.get('engine')?.value as EngineName;
  const precision = values.get('precision')?.value as Precision;
  const provider = values.get('provider')?.value as Provider;
  const problems = engine === 'onnxruntime' ? providerProblems(provider, system, values) : [];
  if (engine === 'tensorrt' && system.gpus === undefined) {
    problems.push(
      'engine tensorrt needs an NVIDIA GPU, and none was found. Use --engine=onnxruntime, or --system=ID to resolve for another machine (loadrig list systems).',
    );
  }
  if (engine !== 'tensorrt' && system.engine?.origin === '--system') {
    problems.push(
      `--system=${system.system_id} is a machine with GPUs, and engine ${engine} does not use them: its results would bear the wrong name. Leave out --system, or --engine.`,
    );
  }
  // The null engine computes nothing, in any precision.
  const runnable = { onnxruntime: ofProvider[provider], tensorrt: ofTensorRt, null: undefined }[engine];
  if (runnable !== undefined && !runnable.includes(precision)) {
    const where =
      engine === 'onnxruntime' && provider !== 'cpu' ? `provider ${provider}` : `engine ${engine}`;
    problems.push(`precision ${precision} cannot run on ${where}; use ${runnable.join(', ')}`);
  }
  if (engine !== 'tensorrt' && !allConfigVers.some((ver) => ver === configVer)) {
    problems.push(
      `config_ver ${configVer} holds values of GPU systems for engine tensorrt; engine ${engine} has ${allConfigVers.join(', ')}`,
    );
  }
  for (const key of Object.keys(flags.overrides)) {
    const engines = findSetting(key)?.engines;
    if (engines === undefined || engines.includes(engine)) continue;
    problems.push(
      `--${key} belongs to engine ${engines.join(' and ')}, this run uses ${engine}${insteadOf(key)}`,
    );
  }
  return problems;
}

function providerProblems(provider: Provider, system: OneRun['system'], values: Values): string[] {
  const problems: string[] = [];
  if (usesGpus(values) && system.gpus === undefined) {
    problems.push(
      `provider ${provider} needs an NVIDIA GPU, and none was found. Use --provider=cpu, or webgpu on other GPUs.`,
    );
  }
  const instances = values.get('instances')?.value as number;
  if (provider === 'webgpu' && instances !== 1) {
    problems.push(
      `provider webgpu takes one session (two that run at once crash ONNX Runtime), got --instances=${instances}`,
    );
  }
  return problems;
}

/** The settings that mean the same to the other engine. */
function insteadOf(key: string): string {
  if (key === 'gpu_inference_streams') return '; use --instances';
  return key === 'instances' ? '; use --gpu_inference_streams' : '';
}

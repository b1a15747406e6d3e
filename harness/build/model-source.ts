// Which weights `build` takes: exactly one source, of the kind that its flag says.

import { ConfigError } from '../../configs/errors.js';
import type { CheckpointOptions } from '../../engines/bert/checkpoint.js';
import { inputPath } from '../places.js';
import type { BuildFlags } from './flags.js';

export interface ModelSource {
  /** As openCheckpoint takes it. */
  readonly source: string;
  readonly checkpoint: CheckpointOptions;
}

const kinds = {
  ckpt: 'tensorflow',
  onnx: 'onnx',
  pytorch: 'pytorch',
  safetensors: 'safetensors',
  pickle: 'pickle',
} as const;
type SourceFlag = keyof typeof kinds;

/** @throws {ConfigError} when several sources are given. */
export function readModelSource(flags: Pick<BuildFlags, 'model' | 'config_dir' | SourceFlag>): ModelSource {
  const given = (['model', ...Object.keys(kinds)] as const).filter(
    (name) => flags[name as SourceFlag] !== undefined,
  ) as readonly ('model' | SourceFlag)[];
  if (given.length > 1) {
    throw new ConfigError(
      `${given.map((name) => `--${name}`).join(', ')}: each gives the weights; keep one of them`,
    );
  }
  const [name = 'model'] = given;
  return {
    source: inputPath(flags[name] ?? DEFAULT_MODEL),
    checkpoint: {
      ...(name === 'model' ? {} : { kind: kinds[name] }),
      ...(flags.config_dir === undefined ? {} : { configDir: inputPath(flags.config_dir) }),
    },
  };
}

export const DEFAULT_MODEL = 'data/models/minilm-qa';

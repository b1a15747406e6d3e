// Which weights a folder or a file holds, and how to open them.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigError, SetupError } from '../../../configs/errors.js';
import { openSynthetic } from '../synthetic.js';
import { isMegatron, underBertNames } from './megatron.js';
import { openNumpyPickle } from './numpy-pickle.js';
import { openOnnx } from './onnx.js';
import { openPyTorch } from './pytorch.js';
import { openSafetensorsSource } from './safetensors-source.js';
import { openShards } from './shards.js';
import { openTensorFlow } from './tensorflow.js';
import type { WeightKind, WeightSource } from './weight-source.js';

/** Where weights were found. */
export interface FoundWeights {
  readonly kind: WeightKind;
  readonly path: string;
  /** Where config.json and vocab.txt are looked for. */
  readonly folder: string;
}

/** What each kind is called, best first. */
const patterns: readonly (readonly [WeightKind, RegExp])[] = [
  ['safetensors', /^model\.safetensors$/],
  ['safetensors', /^model\.safetensors\.index\.json$/],
  ['pytorch', /^pytorch_model\.bin$/],
  ['pytorch', /^pytorch_model\.bin\.index\.json$/],
  ['synthetic', /^synthetic\.json$/],
  ['safetensors', /\.safetensors$/],
  ['pytorch', /\.(bin|pt|pth)$/],
  ['tensorflow', /\.index$/],
  ['onnx', /\.onnx$/],
  ['pickle', /\.(pkl|pickle)$/],
];

/**
 * Recognises weights: `source` is a folder or one of its files; in a folder `kind` chooses between several kinds.
 *
 * @throws {ConfigError | SetupError} saying what is there and what would be recognised.
 */
export function findWeights(source: string, kind?: WeightKind): FoundWeights {
  const stats = statSync(source, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true) {
    const folder = dirname(source);
    const found = kindOfFile(basename(source));
    const isBasename = stats === undefined && existsSync(`${source}.index`);
    const is = isBasename ? 'tensorflow' : found;
    if (is !== undefined && kind !== undefined && is !== kind)
      throw new ConfigError(`${source} is a ${is} file, ${kind} weights are wanted; name the right one`);
    if (isBasename) {
      return { kind: 'tensorflow', path: `${source}.index`, folder }; // TensorFlow's own way to name a checkpoint
    }
    if (stats !== undefined && found !== undefined) return { kind: found, path: source, folder };
    if (stats !== undefined && kind === 'pickle') return { kind, path: source, folder }; // NVIDIA's has no ending
    if (stats !== undefined) {
      throw new ConfigError(`${source}: not a kind of weights that can be read. ${whatIsRead}`);
    }
    throw new SetupError(
      `cannot read ${source}: no such file or folder. ` +
        '--model wants a folder with config.json, model.safetensors and vocab.txt.',
    );
  }
  const names = readdirSync(source).sort();
  for (const [found, pattern] of patterns) {
    if (kind !== undefined && kind !== found) continue;
    const matching = names.filter((name) => pattern.test(name));
    const [name, ...more] = matching;
    if (name === undefined) continue;
    if (more.length > 0) {
      throw new ConfigError(
        `${source} holds several models: ${matching.join(', ')}. Give the one file you mean.`,
      );
    }
    return { kind: found, path: join(source, name), folder: source };
  }
  const wanted = kind === undefined ? 'weights' : `${kind} weights`;
  const there = names.length === 0 ? 'it is empty' : `it holds ${names.slice(0, 12).join(', ')}`;
  throw new SetupError(
    `${source}: no ${wanted} in this folder (${there}). ` +
      `--model wants a folder with config.json, model.safetensors and vocab.txt. ${whatIsRead}`,
  );
}

const whatIsRead =
  'Readable are: model.safetensors or its index, pytorch_model.bin (.pt, .pth) or its index, the .index of a TensorFlow checkpoint with its .data files, .onnx, .pkl of numpy arrays.';

function kindOfFile(name: string): WeightKind | undefined {
  return patterns.find(([, pattern]) => pattern.test(name))?.[0];
}

/** @throws {ConfigError | SetupError} */
export function openWeights(found: FoundWeights): WeightSource {
  const source = openAsStored(found);
  try {
    return isMegatron(source.tensors.keys()) ? underBertNames(source) : source;
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}

function openAsStored({ kind, path }: FoundWeights): WeightSource {
  const isIndex = path.endsWith('.index.json');
  switch (kind) {
    case 'safetensors':
      return isIndex ? openShards(path, kind, openSafetensorsSource) : openSafetensorsSource(path);
    case 'pytorch':
      return isIndex ? openShards(path, kind, openPyTorch) : openPyTorch(path);
    case 'tensorflow':
      return openTensorFlow(path);
    case 'pickle':
      return openNumpyPickle(path);
    case 'synthetic':
      return openSynthetic(path);
    case 'onnx':
      return openOnnx(path);
  }
}

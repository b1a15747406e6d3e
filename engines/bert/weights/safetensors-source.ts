// A safetensors file as a source of BERT's weights.

import { openSafetensors } from '../safetensors.js';
import { underPlainNames, type WeightSource } from './weight-source.js';

/** @throws {ConfigError | SetupError} */
export function openSafetensorsSource(path: string): WeightSource {
  const file = openSafetensors(path);
  try {
    const stored = underPlainNames(
      path,
      [...file.tensors].map(([name, entry]) => [name, { ...entry, storedName: name }] as const),
    );
    return {
      kind: 'safetensors',
      files: [path],
      tensors: stored,
      read: (name) => file.read(stored.get(name)!.storedName), // callers take names from `tensors`
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

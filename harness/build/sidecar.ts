// <engine file>.json: what an engine was made of, by whom and for what; read again before the engine is used.

import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from '../../configs/errors.js';

export const SIDECAR_FORMAT = 'loadrig-engine 1';

const rangeSchema = z.object({ min: z.number(), opt: z.number(), max: z.number() });
const fileSchema = z.object({ name: z.string(), bytes: z.number(), sha256: z.string() });

/** What a reader of engines relies on; the rest is for people. */
const sidecarSchema = z.looseObject({
  format: z.literal(SIDECAR_FORMAT),
  engine: z.string(),
  runtime: z.string(),
  precision: z.string(),
  /** The engine first, then what it needs beside it. */
  files: z.array(fileSchema).min(1),
  model: z.looseObject({
    path: z.string(),
    kind: z.string(),
    sha256: z.string(),
    vocab_file: z.string(),
    is_synthetic: z.boolean(),
    config: z.looseObject({ vocab_size: z.number(), max_position_embeddings: z.number() }),
  }),
  /** tensorrt. */
  built_from: z.looseObject({ gpu: z.string() }).optional(),
  profiles: z.array(z.object({ batch: rangeSchema, sequence: rangeSchema })).min(1),
  build: z.looseObject({ machine: z.looseObject({ processor: z.string() }) }).optional(),
});
export type Sidecar = Readonly<z.output<typeof sidecarSchema>>;

export const sidecarPath = (engineFile: string): string => `${engineFile}.json`;

/** The sidecar of an engine file; undefined where there is none. @throws {ConfigError} when it is not one of ours. */
export function readSidecar(engineFile: string): Sidecar | undefined {
  const path = sidecarPath(engineFile);
  if (!existsSync(path)) return undefined;
  try {
    return sidecarSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new ConfigError(
      `${path} does not describe an engine: build it again with \`loadrig build -o ${engineFile}\``,
      { cause },
    );
  }
}

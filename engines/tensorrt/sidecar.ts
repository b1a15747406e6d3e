// engine.json beside a plan: what it was built from, what it is made of, and how its answers compare. Read back to know
// whether an engine is whole.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256OfFiles } from '../bert/weights/byte-file.js';

export const PLAN = 'engine.plan';
export const SIDECAR = 'engine.json';
/** IEngineInspector's JSON of every layer. */
export const LAYERS = 'layers.json';

const logitCheckSchema = z.object({
  reference: z.string(),
  samples: z.number(),
  cosine: z.number(),
  lowest_cosine: z.number(),
  largest_difference: z.number(),
  answers_agreeing: z.number(),
  not_finite: z.number(),
});

const sidecarSchema = z.looseObject({
  /** Everything the engine depends on; its hash names the folder. */
  built_from: z.looseObject({ tensorrt: z.string(), gpu: z.string() }),
  /** File name → SHA-256. */
  sha256: z.record(z.string(), z.string()),
  network: z.looseObject({
    form: z.enum(['packed', 'padded']),
    attention: z.string(),
    gelu: z.string(),
    because: z.string(),
    ranges: z.string().nullable(),
    onnx_sha256: z.string(),
  }),
  build: z.looseObject({
    plan_bytes: z.number(),
    parse_s: z.number(),
    build_s: z.number(),
    warnings: z.array(z.string()),
  }),
  proof: z.looseObject({
    attention_fused: z.number(),
    attention_of: z.number(),
    gelu_fused: z.boolean(),
    layer_norm_fused: z.boolean(),
    casts_and_reformats: z.number(),
    gemms_by_precision: z.record(z.string(), z.number()),
    remarks: z.array(z.string()),
  }),
  /** null until the engine has been compared with the reference, which is before it is first timed. */
  logit_check: logitCheckSchema.nullable(),
});
export type Sidecar = Readonly<z.output<typeof sidecarSchema>>;

export type Found =
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly reason: string }
  | { readonly state: 'whole'; readonly sidecar: Sidecar };

/** What lies in an engine's folder. */
export function verifyPlan(folder: string): Found {
  if (!existsSync(folder)) return { state: 'missing' };
  let sidecar: Sidecar;
  try {
    sidecar = sidecarSchema.parse(JSON.parse(readFileSync(join(folder, SIDECAR), 'utf8')));
  } catch {
    return { state: 'damaged', reason: `${SIDECAR} cannot be read` };
  }
  for (const [name, sha256] of Object.entries(sidecar.sha256)) {
    const file = join(folder, name);
    if (!existsSync(file)) return { state: 'damaged', reason: `${name} is missing` };
    if (sha256OfFiles([file]) !== sha256) {
      return {
        state: 'damaged',
        reason: `${name} has changed since it was built (cut short, or written over)`,
      };
    }
  }
  return { state: 'whole', sidecar };
}

/** Writes the sidecar whole: to another name first. */
export function writeSidecar(folder: string, sidecar: Sidecar): void {
  const file = join(folder, SIDECAR);
  writeFileSync(`${file}.tmp`, `${JSON.stringify(sidecar, null, 2)}\n`);
  renameSync(`${file}.tmp`, file);
}

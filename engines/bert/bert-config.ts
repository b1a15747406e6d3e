// A BERT configuration: Hugging Face's config.json, or bert_config.json of Google and NVIDIA (the same keys, fewer of them).

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError, SetupError } from '../../configs/errors.js';

export const bertConfigSchema = z.object({
  architectures: z.array(z.string()).optional(),
  model_type: z
    .enum(['bert', 'megatron-bert'], 'only model_type "bert" and "megatron-bert" are supported')
    .default('bert'),
  hidden_size: z.int().positive(),
  num_hidden_layers: z.int().positive(),
  num_attention_heads: z.int().positive(),
  intermediate_size: z.int().positive(),
  vocab_size: z.int().positive(),
  max_position_embeddings: z.int().positive(),
  type_vocab_size: z.int().positive().default(2),
  layer_norm_eps: z.number().positive().default(1e-12),
  /** gelu is the exact one, by erf; gelu_new and gelu_pytorch_tanh are its approximation by tanh. */
  hidden_act: z
    .enum(
      ['gelu', 'gelu_new', 'gelu_pytorch_tanh'],
      'only hidden_act "gelu", "gelu_new" and "gelu_pytorch_tanh" are supported',
    )
    .default('gelu'),
  position_embedding_type: z
    .literal('absolute', 'only position_embedding_type "absolute" is supported')
    .default('absolute'),
  /** Layer → attention heads that were cut out of it. */
  pruned_heads: z.record(z.string().regex(/^\d+$/), z.array(z.int().nonnegative())).optional(),
});
export type BertConfig = Readonly<z.output<typeof bertConfigSchema>>;

/** @throws {SetupError} when the file cannot be read. @throws {ConfigError} when it describes no BERT that we know. */
export function readBertConfig(path: string): BertConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SetupError(
      `cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        '--model wants a folder with config.json, model.safetensors and vocab.txt.',
      { cause },
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`${path}: not JSON`, { cause });
  }
  return parseBertConfig(path, json);
}

/** @throws {ConfigError} naming `path` and all that is wrong. */
export function parseBertConfig(path: string, json: unknown): BertConfig {
  const parsed = bertConfigSchema.safeParse(json);
  if (!parsed.success)
    throw new ConfigError(`${path}: not a BERT configuration\n${z.prettifyError(parsed.error)}`);
  const config = parsed.data;
  if (config.hidden_size % config.num_attention_heads !== 0) {
    throw new ConfigError(
      `${path}: hidden_size (${config.hidden_size}) must be a multiple of num_attention_heads (${config.num_attention_heads})`,
    );
  }
  return config;
}

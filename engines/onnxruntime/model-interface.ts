// Inputs and outputs of a question-answering ONNX model that others have exported: which of them is what, by the names that
// exporters use (transformers and optimum, tf2onnx, the MLPerf models, the ONNX model zoo, NVIDIA's demo).

import type { InferenceSession } from 'onnxruntime-node';
import { ConfigError } from '../../configs/errors.js';

/** What an input holds for each token, or for each sample. */
export type InputRole = 'ids' | 'segments' | 'mask' | 'positions' | 'sample_number';

export interface ModelInput {
  readonly name: string;
  readonly role: InputRole;
  readonly type: 'int32' | 'int64';
}

export interface ModelInterface {
  readonly inputs: readonly ModelInput[];
  /** Start and end logits float32[batch, sequence] apart, or float32[batch, sequence, 2] together. */
  readonly outputs: { readonly start: string; readonly end: string } | { readonly both: string };
  readonly hasMask: boolean;
  /** Sizes that the file fixes; 0 where it takes any. */
  readonly batch: number;
  readonly sequence: number;
}

const inputRoles: Readonly<Record<string, InputRole>> = {
  input_ids: 'ids',
  input_word_ids: 'ids',
  token_type_ids: 'segments',
  segment_ids: 'segments',
  input_type_ids: 'segments',
  attention_mask: 'mask',
  input_mask: 'mask',
  position_ids: 'positions',
  unique_ids: 'sample_number',
};
const startNames: readonly string[] = ['start_logits', 'output_start_logits', 'unstack_0', 'start'];
const endNames: readonly string[] = ['end_logits', 'output_end_logits', 'unstack_1', 'end'];
const logitsNames: readonly string[] = ['logits', 'output', 'cls_squad_logits'];

/** `serving_default_input_ids:0` and `unique_ids_raw_output___9:0` lose what exporters add; `unstack:1` keeps its number. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/^serving_default_/, '')
    .replace(/_raw_output_+\d+/, '')
    .replace(/^(?!unstack)(.*):0$/, '$1')
    .replace(':', '_');
}

type Metadata = Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>;

/** @throws {ConfigError} with what the model has and what would be understood. */
export function readInterface(file: string, { inputMetadata, outputMetadata }: Metadata): ModelInterface {
  const refuse = (what: string): ConfigError =>
    new ConfigError(
      `${file}: ${what}.\nIts inputs:\n${inputMetadata.map(describe).join('\n')}\nIts outputs:\n${outputMetadata.map(describe).join('\n')}\n` +
        `Understood are inputs ${Object.keys(inputRoles).join(', ')} (int32 or int64, [batch, sequence]), and as float32 outputs ` +
        `${startNames[0]} with ${endNames[0]} ([batch, sequence]) or ${logitsNames[0]} ([batch, sequence, 2]). ` +
        'A BERT of other names: read its weights instead, with --model FILE.onnx.',
    );
  const inputs = inputMetadata.map((input): ModelInput => {
    const role = inputRoles[plain(input.name)];
    if (role === undefined) throw refuse(`nothing is known to give its input "${input.name}"`);
    if (!input.isTensor || (input.type !== 'int32' && input.type !== 'int64'))
      throw refuse(`its input "${input.name}" is no int32 or int64`);
    if (input.shape.length !== (role === 'sample_number' ? 1 : 2))
      throw refuse(`its input "${input.name}" is not [batch, sequence]`);
    return { name: input.name, role, type: input.type };
  });
  const ids = inputs.filter(({ role }) => role === 'ids');
  const [idsInput] = inputMetadata.filter(({ name }) => name === ids[0]?.name);
  if (ids.length !== 1 || idsInput?.isTensor !== true) throw refuse('it has no input of token ids');
  const twice = inputs.find(({ role }, place) => inputs.findIndex((other) => other.role === role) !== place);
  if (twice !== undefined) throw refuse(`two of its inputs are ${twice.role}`);
  const [batch, sequence] = idsInput.shape.map((size) => (typeof size === 'number' && size > 0 ? size : 0));
  const hasMask = inputs.some(({ role }) => role === 'mask');
  if (!hasMask && (sequence ?? 0) > 0)
    throw refuse('its length is fixed, and it has no mask to fill it up with');
  const outputs = outputsOf(outputMetadata);
  if (outputs === undefined) throw refuse('its outputs are no start and end logits');
  return { inputs, outputs, hasMask, batch: batch ?? 0, sequence: sequence ?? 0 };
}

function outputsOf(metadata: Metadata['outputMetadata']): ModelInterface['outputs'] | undefined {
  const named = (names: readonly string[], rank: number): string | undefined =>
    metadata.find(
      (output) =>
        names.includes(plain(output.name)) &&
        output.isTensor &&
        output.type === 'float32' &&
        // An exporter may leave shapes out; what comes is checked when it comes.
        (output.shape.length === 0 || output.shape.length === rank),
    )?.name;
  const start = named(startNames, 2);
  const end = named(endNames, 2);
  if (start !== undefined && end !== undefined) return { start, end };
  const both = named(logitsNames, 3);
  return both === undefined ? undefined : { both };
}

function describe(value: InferenceSession.ValueMetadata): string {
  return value.isTensor
    ? `  ${value.name}: ${value.type}[${value.shape.join(', ')}]`
    : `  ${value.name}: no tensor`;
}

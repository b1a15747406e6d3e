import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import '../../engines/onnxruntime/telemetry-off.js';
import { RunError } from '../../configs/errors.js';
import { createGraphBuilder } from '../../engines/bert/graph-builder.js';
import { encodeModel } from '../../engines/bert/onnx-writer.js';
import { createInference } from '../../engines/onnxruntime/inference.js';
import { temporaryFolder } from '../built.js';
import { tokenizedSamples } from '../fakes/tokenized-samples.js';

/** A model whose answer has one number per token instead of two. */
function writeOneNumberModel(): string {
  const graph = createGraphBuilder();
  const both = graph.node('Add', ['input_ids', 'token_type_ids']);
  graph.node('Unsqueeze', [graph.cast(both, 'float32'), graph.ints([-1])], {}, 'logits');
  const model = graph.finish({
    name: 'one-number',
    opset: 17,
    inputs: [
      { name: 'input_ids', type: 'int32', shape: ['batch', 'sequence'] },
      { name: 'token_type_ids', type: 'int32', shape: ['batch', 'sequence'] },
    ],
    outputs: [{ name: 'logits', type: 'float32', shape: ['batch', 'sequence', 1] }],
  });
  const path = join(temporaryFolder(), 'one-number.onnx');
  writeFileSync(path, Buffer.concat(encodeModel(model, 'test')));
  return path;
}

describe('an engine that returns the wrong size', () => {
  it('is a run error that says what came and what was expected', async () => {
    const samples = tokenizedSamples([{ ids: [2, 4, 5, 3], segmentStart: 2 }]);
    const inference = await createInference(writeOneNumberModel(), 1, 1);
    const running = inference.run(samples, 1, () => 0);
    await expect(running).rejects.toThrow(RunError);
    await expect(running).rejects.toThrow(
      'the engine returned float32[1, 4, 1] as logits, expected float32[1, 4, 2]',
    );
    await inference.release();
  });
});

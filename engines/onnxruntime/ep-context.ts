// Wraps a TensorRT plan into an ONNX model that ONNX Runtime's tensorrt provider loads without building anything: one
// EPContext node that names the plan's file. JavaScript reaches no option of that provider, so this is the only way to give
// it an engine with our precision, profiles and kernels.

import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { encodeModel, type GraphValue } from '../bert/onnx-writer.js';

export interface PlanInterface {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Compute capability the plan was built for, as the provider compares it: "90". */
  readonly computeCapability: string;
}

/** Writes the wrapper beside the plan (the provider refuses absolute paths and "..") and returns its path. */
export function writePlanWrapper(planFile: string, plan: PlanInterface): string {
  const wrapper = join(dirname(planFile), `${basename(planFile)}.onnx`);
  const model = encodeModel(
    {
      name: 'tensorrt-plan',
      opset: 17,
      nodes: [
        {
          op: 'EPContext',
          domain: 'com.microsoft',
          inputs: plan.inputs.map(({ name }) => name),
          outputs: plan.outputs.map(({ name }) => name),
          attributes: {
            main_context: { int: 1 },
            embed_mode: { int: 0 }, // ep_cache_context is a file name
            ep_cache_context: { text: basename(planFile) },
            source: { text: 'TensorrtExecutionProvider' },
            hardware_architecture: { text: plan.computeCapability },
          },
        },
      ],
      initializers: [],
      inputs: plan.inputs,
      outputs: plan.outputs,
    },
    'loadrig',
  );
  writeFileSync(wrapper, Buffer.concat(model));
  return wrapper;
}

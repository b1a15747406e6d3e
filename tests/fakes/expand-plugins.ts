// TensorRT's plugin nodes as standard operators, for one sample: what their documentation says they compute, so that ONNX
// Runtime can tell whether a network hands them their inputs in the right order.

import type { GraphNode, Initializer, OnnxGraph } from '../../engines/bert/onnx-writer.js';

/** The same graph without plugin nodes; right for batches of one sample. Ranges of an implicit network are not applied. */
export function expandPlugins(
  graph: OnnxGraph,
  headCount: number,
  headSize: number,
  scoreScale = 1 / Math.sqrt(headSize),
): OnnxGraph {
  const constants: Initializer[] = [];
  let count = 0;
  const constant = (type: Initializer['type'], shape: readonly number[], values: ArrayBufferView): string => {
    const name = `expanded_constant_${count++}`;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    constants.push({ name, type, shape, bytes: () => bytes });
    return name;
  };
  const ints = (...values: number[]): string =>
    constant('int64', [values.length], BigInt64Array.from(values, BigInt));
  const real = (value: number): string => constant('float32', [], Float32Array.of(value));

  const expand = (node: GraphNode): readonly GraphNode[] => {
    const nodes: GraphNode[] = [];
    const add = (
      op: string,
      inputs: readonly string[],
      attributes: NonNullable<GraphNode['attributes']> = {},
      output = `expanded_${count++}`,
    ): string => {
      nodes.push({ op, inputs, outputs: [output], attributes });
      return output;
    };
    const cast = (x: string, type: number, output?: string): string =>
      add('Cast', [x], { to: { int: type } }, output);
    const [input = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const attribute = (name: string): number => {
      const value = node.attributes?.[name];
      return value !== undefined && 'float' in value ? value.float : NaN;
    };
    /** Q, K or V as float32[heads, tokens, size] → context[tokens, heads · size]. */
    const attend = (query: string, key: string, value: string, scale = scoreScale): string => {
      const transposed = add('Transpose', [key], { perm: { ints: [0, 2, 1] } });
      const products = add('MatMul', [query, transposed]);
      const scores = add('Mul', [products, real(scale)]);
      const context = add('MatMul', [add('Softmax', [scores], { axis: { int: -1 } }), value]);
      return add('Reshape', [
        add('Transpose', [context], { perm: { ints: [1, 0, 2] } }),
        ints(-1, headCount * headSize),
      ]);
    };
    const part = (x: string, which: number): string =>
      add('Gather', [x, constant('int64', [], BigInt64Array.of(BigInt(which)))], { axis: { int: 0 } });
    switch (node.op) {
      case 'CustomQKVToContextPluginDynamic': {
        const version = node.attributes?.['plugin_version'];
        const isHalf = version !== undefined && 'text' in version && ['2', '5'].includes(version.text);
        if (isHalf) {
          // [tokens, heads × (q, k, v) × size, 1, 1]
          const split = add('Reshape', [cast(input, 1), ints(-1, headCount, 3, headSize)]);
          const parts = add('Transpose', [split], { perm: { ints: [2, 1, 0, 3] } });
          const context = attend(part(parts, 0), part(parts, 1), part(parts, 2));
          cast(add('Unsqueeze', [context, ints(2, 3)]), 10, output);
          return nodes;
        }
        // [1, (q, k, v) × heads × size, tokens, 1]
        const isExplicit = Number.isFinite(attribute('input_qkv_scale'));
        const values = isExplicit
          ? add('Mul', [cast(input, 1), real(attribute('input_qkv_scale'))])
          : cast(input, 1);
        const split = add('Reshape', [values, ints(3, headCount, headSize, -1)]);
        const parts = add('Transpose', [split], { perm: { ints: [0, 1, 3, 2] } });
        const context = attend(part(parts, 0), part(parts, 1), part(parts, 2));
        const channels = add('Unsqueeze', [
          add('Transpose', [context], { perm: { ints: [1, 0] } }),
          ints(0, 3),
        ]);
        if (!isExplicit) cast(channels, 10, output);
        else {
          const steps = add('Round', [add('Div', [channels, real(attribute('output_ctx_scale'))])]);
          cast(add('Clip', [steps, real(-128), real(127)]), 3, output);
        }
        return nodes;
      }
      case 'TRT_Attention': {
        // [tokens, heads, size] each, scaled by the attribute
        const [query = '', key = '', value = ''] = node.inputs.map((x) =>
          x === '' || x === 'cu_seqlens' ? '' : add('Transpose', [cast(x, 1)], { perm: { ints: [1, 0, 2] } }),
        );
        const context = attend(query, key, value, attribute('scale'));
        cast(add('Reshape', [context, ints(-1, headCount, headSize)]), 10, output);
        return nodes;
      }
      case 'CustomSkipLayerNormPluginDynamic': {
        const [x = '', skip = ''] = node.inputs;
        const weights = (name: string): string => {
          const value = node.attributes?.[name];
          const floats = value !== undefined && 'floats' in value ? value.floats : new Float32Array(0);
          return constant('float32', [floats.length], floats);
        };
        const rows = add('Transpose', [add('Add', [cast(x, 1), cast(skip, 1)])], {
          perm: { ints: [0, 2, 3, 1] },
        });
        const normalised = add('LayerNormalization', [rows, weights('gamma'), weights('beta')], {
          axis: { int: -1 },
          epsilon: { float: 1e-12 },
        });
        cast(add('Transpose', [normalised], { perm: { ints: [0, 3, 1, 2] } }), 10, output);
        return nodes;
      }
      default:
        return [node];
    }
  };
  const nodes = graph.nodes.flatMap(expand);
  return { ...graph, nodes, initializers: [...graph.initializers, ...constants] };
}

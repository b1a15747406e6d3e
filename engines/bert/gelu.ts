// The two forms of Gelu, spelled out in operators that runtimes recognise and fuse.

import type { GraphBuilder } from './graph-builder.js';

/** x · ½ (1 + erf(x / √2)) */
export function gelu(graph: GraphBuilder, x: string): string {
  const erf = graph.node('Erf', [graph.node('Div', [x, graph.scalar(Math.SQRT2)])]);
  const gate = graph.node('Add', [erf, graph.scalar(1)]);
  return graph.node('Mul', [graph.node('Mul', [x, gate]), graph.scalar(0.5)]);
}

/** x · ½ (1 + tanh(√(2/π) (x + 0.044715 x³))), the form of hidden_act gelu_new */
export function geluByTanh(graph: GraphBuilder, x: string): string {
  const cube = graph.node('Pow', [x, graph.scalar(3)]);
  const inner = graph.node('Add', [x, graph.node('Mul', [cube, graph.scalar(0.044715)])]);
  const tanh = graph.node('Tanh', [graph.node('Mul', [inner, graph.scalar(Math.sqrt(2 / Math.PI))])]);
  const gate = graph.node('Add', [tanh, graph.scalar(1)]);
  return graph.node('Mul', [graph.node('Mul', [x, gate]), graph.scalar(0.5)]);
}

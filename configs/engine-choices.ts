// What runs a model: engines, the execution providers of ONNX Runtime, number formats.

export const engines = ['onnxruntime', 'tensorrt', 'null'] as const;
export const providers = ['cpu', 'cuda', 'tensorrt', 'webgpu'] as const;
export const precisions = ['fp32', 'fp16', 'int8', 'bf16', 'fp8'] as const;

export type EngineName = (typeof engines)[number];
export type Provider = (typeof providers)[number];
export type Precision = (typeof precisions)[number];

/** Whether it needs ranges of activations: numbers with scales. */
export const isQuantized = (precision: string): precision is 'int8' | 'fp8' =>
  precision === 'int8' || precision === 'fp8';

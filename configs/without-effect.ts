// Settings of NVIDIA's harness that are kept for their published values: engine tensorrt does nothing with them. Their help says
// so, and so does the result of a run that has another value than the default.

/** Why each has no effect, as the end of a sentence. */
export const withoutEffect = {
  soft_drop: 'every sample is answered in turn',
  active_sms: 'kernels are timed on the whole GPU',
  enable_interleaved: 'tensorrt_attention chooses the layout',
  use_small_tile_gemm_plugin: 'TensorRT chooses the kernels of products',
  gemm_plugin_fairshare_cache_size: 'it belongs to use_small_tile_gemm_plugin',
  power_limit: 'the cap is set outside, with nvidia-smi --power-limit',
  vboost_slider: 'the slider is set outside, with nvidia-smi boost-slider',
} as const;

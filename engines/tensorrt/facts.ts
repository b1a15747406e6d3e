// What a started TensorRT engine says of itself, for metadata.json.

import { basename } from 'node:path';
import { gpuSettingsSchema } from '../../configs/gpu-settings.js';
import { withoutEffect } from '../../configs/without-effect.js';
import type { EngineFacts, EngineRequest, GpuRequest } from '../contract.js';
import type { LogitCheck } from '../logit-check.js';
import type { PlanFile } from './build-plan.js';
import type { NativeEngine } from './native-engine.js';
import type { TensorRtOnGpus } from './runtime.js';

export interface FactsRequest {
  readonly request: EngineRequest;
  readonly tensorRt: TensorRtOnGpus;
  readonly plan: PlanFile;
  readonly gpu: GpuRequest;
  readonly description: NativeEngine;
  readonly check: LogitCheck;
  readonly loadMs: number;
  readonly warmUpMs: number;
  readonly graphs: number;
}

export function engineFacts({
  request,
  tensorRt,
  plan,
  gpu,
  description,
  check,
  loadMs,
  warmUpMs,
  graphs,
}: FactsRequest): EngineFacts {
  const { libraries, devices, device } = tensorRt;
  const { proof, network } = plan.sidecar;
  return {
    engine: 'tensorrt',
    runtime: `TensorRT ${libraries.version}`,
    precision: request.precision,
    instances: devices.length * gpu.gpu_inference_streams,
    threads_per_instance: 1,
    batch_size: request.batch_size,
    engine_file: plan.path,
    engine_sha256: plan.sha256,
    model_sha256: plan.model_sha256,
    notes: {
      execution_provider: 'tensorrt',
      model_name: basename(request.modelDir),
      gpu: device.name,
      gpus: devices.length,
      compute_capability: device.compute_capability,
      driver_cuda: cudaVersion(device.cuda_driver_version),
      form: network.form,
      attention: network.attention,
      gelu: network.gelu,
      form_because: network.because,
      padding:
        network.form === 'packed'
          ? 'none: tokens are packed'
          : 'each batch to its longest sample, within a bucket of lengths',
      ranges: network.ranges ?? 'none needed',
      attention_fused: `${proof.attention_fused}/${proof.attention_of}`,
      gelu_fused: proof.gelu_fused,
      layer_norm_fused: proof.layer_norm_fused,
      casts_and_reformats: proof.casts_and_reformats,
      gemms_by_precision: Object.entries(proof.gemms_by_precision)
        .map(([type, count]) => `${count} ${type}`)
        .join(', '),
      proof_remarks: proof.remarks.join('; '),
      logit_cosine: check.cosine,
      logit_largest_difference: check.largest_difference,
      answers_agreeing: check.answers_agreeing,
      checked_against: `${check.reference}, ${check.samples} samples`,
      start_from_device: gpu.start_from_device,
      copies_timed: !gpu.start_from_device,
      use_graphs: gpu.use_graphs,
      graphs_captured: graphs,
      ...valuesWithoutEffect(gpu),
      activation_bytes: description.activation_bytes,
      weight_bytes: description.weight_bytes,
      load_ms: Math.round(loadMs),
      warm_up_ms: Math.round(warmUpMs),
    },
  };
}

/** What was asked for and is not done. */
function valuesWithoutEffect(gpu: GpuRequest): { readonly without_effect?: string } {
  const usual = gpuSettingsSchema.parse({});
  const said = Object.entries(withoutEffect)
    .map(([name, why]) => ({ key: name as keyof typeof withoutEffect, why }))
    .filter(({ key }) => gpu[key] !== usual[key])
    .map(({ key, why }) => `${key} ${String(gpu[key])}: ${why}`);
  return said.length === 0 ? {} : { without_effect: said.join('; ') };
}

/** 13000 → "13.0" */
const cudaVersion = (version: number): string =>
  `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;

// The native addon, played in JavaScript: logits are a function of the token ids, batches are formed as the manual says, and
// what a test wants to break breaks.

import { createClock } from '../../scenarios/clock.js';
import type { NativeOpen, NativeSamples } from '../../engines/tensorrt/native-engine.js';
import type { NativeDevice } from '../../engines/tensorrt/native-libraries.js';
import type { NativePhase, NativePhaseFacts } from '../../engines/tensorrt/native-run.js';
import type { NativeAddon, NativeErrorCode } from '../../engines/tensorrt/native.js';

export const h100: NativeDevice = {
  index: 0,
  name: 'NVIDIA H100 80GB HBM3',
  compute_capability: '9.0',
  total_memory_bytes: 80 * 2 ** 30,
  free_memory_bytes: 79 * 2 ** 30,
  multiprocessor_count: 132,
  pci_bus_id: '0000:04:00.0',
  numa_node: -1,
  cuda_driver_version: 13_000,
};

export const everyPlugin = [
  ...['1', '2', '3', '4', '5', '6'].map((version) => ({ name: 'CustomQKVToContextPluginDynamic', version })),
  ...['1', '2', '3', '4', '5', '6', '7', '8'].map((version) => ({
    name: 'CustomSkipLayerNormPluginDynamic',
    version,
  })),
];

export interface FakeTensorRt extends NativeAddon {
  readonly calls: readonly string[];
  readonly opened: readonly NativeOpen[];
  readonly phases: readonly NativePhase[];
  /** Handles that are open. */
  readonly open_handles: ReadonlySet<number>;
  /** The next call of this function throws. */
  breakNext(call: keyof NativeAddon, code: NativeErrorCode, message: string): void;
  /** Threads of the current phase break at the next wait. */
  breakPhase(message: string): void;
}

export interface FakeTensorRtOptions {
  readonly version?: string;
  readonly devices?: readonly NativeDevice[];
  readonly layers?: readonly unknown[];
}

/** Logits float32[length, 2] of a sample: what the fake engine and a fake reference both answer. */
export function fakeLogits(tokenIds: Int32Array): Float32Array {
  return Float32Array.from({ length: 2 * tokenIds.length }, (_unused, i) =>
    i % 2 === 0 ? tokenIds[i >> 1]! : -tokenIds[i >> 1]!,
  );
}

export function nativeError(code: NativeErrorCode, message: string): Error {
  return Object.assign(new Error(message), { code });
}

export function createFakeTensorRt({
  version = '10.6.0',
  devices = [h100],
  layers = [],
}: FakeTensorRtOptions = {}): FakeTensorRt {
  const clock = createClock();
  const calls: string[] = [];
  const opened: NativeOpen[] = [];
  const phases: NativePhase[] = [];
  const handles = new Set<number>();
  const samplesOf = new Map<number, NativeSamples>();
  const toBreak = new Map<string, Error>();
  let phaseError: Error | undefined;
  let current: { readonly phase: NativePhase; readonly engine: number; facts: NativePhaseFacts } | undefined;
  const called = (name: keyof NativeAddon): void => {
    calls.push(name);
    const error = toBreak.get(name);
    if (error === undefined) return;
    toBreak.delete(name);
    throw error;
  };
  const idsOf = (engine: number, index: number): Int32Array => {
    const { tokenIds, offsets } = samplesOf.get(engine)!;
    return tokenIds.subarray(offsets[index], offsets[index + 1]);
  };
  const complete = (places: readonly number[]): void => {
    const { phase, engine, facts } = current!;
    const { counters, cells } = phase;
    let tokens = 0;
    for (const place of places) {
      const sample = phase.order === null ? place : phase.order[place]!;
      const logits = fakeLogits(idsOf(engine, phase.sampleIndices[sample]!));
      tokens += logits.length / 2;
      const slot = phase.isLogged[sample] === 1 ? phase.responseSlots[sample]! : -1;
      if (slot >= 0) {
        phase.responseBytes.set(new Uint8Array(logits.buffer), slot * phase.maxResponseBytes);
        phase.responseLengths[slot] = logits.byteLength;
      }
      phase.completedNs[sample] = clock.now();
    }
    Atomics.add(counters, cells['completed']!, places.length);
    current!.facts = {
      ...facts,
      batches: facts.batches + 1,
      samples: facts.samples + places.length,
      tokens: facts.tokens + tokens,
      tokens_run: facts.tokens_run + tokens,
      enqueues: facts.enqueues + 1,
    };
  };
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from }, (_unused, i) => from + i);

  return {
    calls,
    opened,
    phases,
    open_handles: handles,
    breakNext: (call, code, message) => void toBreak.set(call, nativeError(code, message)),
    breakPhase(message) {
      phaseError = nativeError('ERR_CUDA', message);
    },
    backends: () => ({ [version.split('.')[0]!]: version }),
    load() {
      called('load');
      return {
        version,
        major: Number(version.split('.')[0]),
        infer_file: 'libnvinfer.so',
        parser_file: 'libnvonnxparser.so',
        plugin_file: 'libnvinfer_plugin.so',
        builder_resource_file: 'libnvinfer_builder_resource.so',
      };
    },
    devices() {
      called('devices');
      return devices;
    },
    plugins: () => everyPlugin,
    whyNotLoadable: () => null,
    build() {
      throw new Error('the fake builds in runBuild');
    },
    open(request) {
      called('open');
      opened.push(request);
      const handle = opened.length;
      handles.add(handle);
      return handle;
    },
    describe: (engine) => ({
      form: 'packed',
      profiles: [],
      max_batch: opened[engine - 1]!.max_batch,
      max_sequence_length: 384,
      max_tokens: opened[engine - 1]!.max_batch * 384,
      activation_bytes: 1000,
      weight_bytes: 2000,
    }),
    inspect: () => JSON.stringify({ Layers: layers }),
    setSamples: (engine, samples) => void samplesOf.set(engine, samples),
    warmUp(_engine, request) {
      called('warmUp');
      return request.shapes.length + request.graphs.length;
    },
    startPhase(engines, phase) {
      called('startPhase');
      phases.push(phase);
      phaseError = undefined;
      const facts = { batches: 0, samples: 0, tokens: 0, tokens_run: 0, graph_launches: 0, enqueues: 0 };
      current = { phase, engine: engines[0]!, facts: { ...facts, batches_by_device: {} } };
      return phases.length;
    },
    wake: () => void calls.push('wake'),
    waitCompleted() {
      calls.push('waitCompleted');
      const { counters, cells, max_batch } = current!.phase;
      if (phaseError !== undefined) {
        Atomics.store(counters, cells['ended']!, 1);
        return;
      }
      for (;;) {
        const from = Atomics.load(counters, cells['taken']!);
        const to = Math.min(Atomics.load(counters, cells['issued']!), from + max_batch);
        if (from >= to) return;
        Atomics.store(counters, cells['taken']!, to);
        complete(range(from, to));
      }
    },
    runInCall(_phase, first, count) {
      called('runInCall');
      if (count > current!.phase.max_batch) throw nativeError('ERR_ARGUMENT', 'more samples than a batch');
      complete(range(first, first + count));
    },
    endPhase() {
      called('endPhase');
      if (current === undefined) throw nativeError('ERR_STATE', 'no phase');
      Atomics.store(current.phase.counters, current.phase.cells['ended']!, 1);
      const { facts } = current;
      current = undefined;
      if (phaseError !== undefined) throw phaseError;
      return facts;
    },
    run(engine, indices) {
      called('run');
      const all = Array.from(indices, (index) => fakeLogits(idsOf(engine, index)));
      return Float32Array.from(all.flatMap((logits) => [...logits]));
    },
    measure() {
      called('measure');
      const values = Float64Array.of(1, 2, 3);
      return {
        enqueue_ms: values,
        h2d_ms: values,
        compute_ms: values,
        d2h_ms: values,
        latency_ms: values,
        samples: 3,
        wall_ms: 6,
      };
    },
    profileLayers: () => [],
    close(engine) {
      called('close');
      handles.delete(engine);
    },
    startGpuSampling() {
      called('startGpuSampling');
      return 1;
    },
    stopGpuSampling: () => [],
  };
}

// What the tests of the addon do with it, each in a process of its own (tests/fakes/native/child.mjs).

import { copyFileSync, existsSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { encodeModel } from '../../../build/js/engines/bert/onnx-writer.js';
import { longestFirst } from '../../../build/js/engines/shared-queue.js';
import { createResponseSlots } from '../../../build/js/engines/tensorrt/response-slots.js';
import { cell } from '../../../build/js/scenarios/phase-cells.js';
import { createSharedPhase } from '../../../build/js/scenarios/phase-records.js';

const MAX_LENGTH = 64;

const shared = (values, Type = Int32Array) => {
  const array = new Type(new SharedArrayBuffer(values.length * Type.BYTES_PER_ELEMENT));
  array.set(values);
  return array;
};

/** 40 samples of lengths 3 … 61. */
export function makeSamples(count = 40) {
  const lengths = Array.from({ length: count }, (_, i) => 3 + ((i * 17) % 59));
  const offsets = [0];
  for (const length of lengths) offsets.push(offsets.at(-1) + length);
  return {
    sampleCount: count,
    tokenIds: shared(Array.from({ length: offsets.at(-1) }, (_, i) => (i * 7919) % 30_000)),
    offsets: shared(offsets),
    segmentStarts: shared(lengths.map((length) => 1 + (length >> 1))),
    maxSequenceLength: MAX_LENGTH,
  };
}

/** An ONNX file whose inputs and outputs are ours; its inside the fake does not look at. */
function writeOnnx(folder, form, change = {}) {
  const tokens = form === 'padded' ? ['batch', 'sequence'] : ['tokens'];
  const names =
    form === 'padded'
      ? ['input_ids', 'token_type_ids', 'attention_mask']
      : ['input_ids', 'token_type_ids', 'position_ids', 'cu_seqlens', 'max_seqlen'];
  const shapeOf = (name) =>
    name === 'cu_seqlens' ? ['batch_and_one'] : name === 'max_seqlen' ? ['longest'] : tokens;
  const plugin = {
    op: 'CustomQKVToContextPluginDynamic',
    inputs: ['input_ids'],
    outputs: ['context'],
    attributes: { plugin_version: { text: change.pluginVersion ?? '2' } },
  };
  const model = encodeModel(
    {
      name: 'test',
      opset: 17,
      nodes: [
        ...(form === 'packed' ? [plugin] : []),
        { op: 'Identity', inputs: ['input_ids'], outputs: ['logits'] },
      ],
      initializers: [],
      inputs: names.map((name) => ({
        name: change.rename?.[name] ?? name,
        type: 'int32',
        shape: shapeOf(name),
      })),
      outputs: [{ name: 'logits', type: 'float32', shape: [...tokens, 2] }],
    },
    'test',
  );
  const file = join(folder, `${form}.onnx`);
  writeFileSync(file, Buffer.concat(model));
  return file;
}

const range = (tensor, min, opt, max) => ({ tensor, min, opt, max });

/** Two profiles for the padded form (short and long sequences), one for the packed. */
function profilesOf(form, maxBatch) {
  if (form === 'padded') {
    return [24, MAX_LENGTH].map((longest) =>
      ['input_ids', 'token_type_ids', 'attention_mask'].map((name) =>
        range(name, [1, 1], [maxBatch, longest], [maxBatch, longest]),
      ),
    );
  }
  const most = maxBatch * MAX_LENGTH;
  return [
    [
      ...['input_ids', 'token_type_ids', 'position_ids'].map((name) => range(name, [1], [most], [most])),
      range('cu_seqlens', [2], [maxBatch + 1], [maxBatch + 1]),
      range('max_seqlen', [1], [MAX_LENGTH], [MAX_LENGTH]),
    ],
  ];
}

export const emptyFolder = () => mkdtempSync(join(tmpdir(), 'loadrig-addon-'));

/** Builds a plan; `change` replaces parts of the request. Returns [plan file, what build() returned, progress lines]. */
function buildPlan(addon, { form, maxBatch = 8, change = {}, onnx = {} }) {
  const folder = change.folder ?? emptyFolder();
  const lines = [];
  const request = {
    device: 0,
    onnx_file: writeOnnx(folder, form, onnx),
    plan_file: join(folder, `${form}.plan`),
    profiles: profilesOf(form, maxBatch),
    strongly_typed: true,
    weak_types: [],
    dynamic_ranges: [],
    tf32: true,
    workspace_bytes: 1 << 30,
    optimization_level: null,
    max_aux_streams: null,
    sparse_weights: false,
    version_compatible: false,
    hardware_compatible: false,
    refit: false,
    strip_plan: false,
    timing_cache_file: null,
    detailed_profiling: true,
    log_severity: 'warning',
    ...change.request,
  };
  const built = addon.build(request, (line) => lines.push(line));
  return { planFile: request.plan_file, built, lines };
}

const openRequest = (planFile, change = {}) => ({
  device: 0,
  plan_file: planFile,
  weights_file: null,
  streams: 1,
  slots: 2,
  max_batch: 8,
  start_from_device: false,
  wait: 'block',
  cpus: [],
  ...change,
});

// ---- libraries and devices

export const backends = (addon) => addon.backends();
export const load = (addon, { folder, major }) => addon.load({ folder, major });
export const devices = (addon) => addon.devices();
export const plugins = (addon, { folder }) => {
  addon.load({ folder });
  return addon.plugins();
};

// ---- plans

/** Builds a plan and opens it: what the addon says of both, and the logits of one batch. */
export function buildAndRun(addon, { folder, form, change, onnx, indices = [0, 5, 7], open }) {
  addon.load({ folder });
  const { planFile, built, lines } = buildPlan(addon, { form, change, onnx });
  const engine = addon.open(openRequest(planFile, open));
  const described = addon.describe(engine);
  const inspection = addon.inspect(engine);
  const samples = makeSamples();
  addon.setSamples(engine, samples);
  const logits = addon.run(engine, Int32Array.from(indices));
  addon.close(engine);
  return { built, lines, described, inspection, logits: [...logits] };
}

/** Only builds. */
export function build(addon, { folder, form = 'padded', change, onnx }) {
  addon.load({ folder });
  const { planFile, built, lines } = buildPlan(addon, { form, change, onnx });
  return { built, lines, isThere: existsSync(planFile), plan: readFileSync(planFile, 'utf8') };
}

/** Opens a plan that was changed after it was built. */
export function openChanged(addon, { folder, planFile, truncateTo, open }) {
  addon.load({ folder });
  const copy = join(emptyFolder(), 'copy.plan');
  if (planFile !== undefined && existsSync(planFile)) copyFileSync(planFile, copy);
  if (truncateTo !== undefined) truncateSync(copy, truncateTo);
  return addon.describe(addon.open(openRequest(copy, open)));
}

/** Builds into a folder, so that others can open it. */
export function buildInto(addon, { folder, form, into, change = {} }) {
  addon.load({ folder });
  return buildPlan(addon, { form, change: { ...change, folder: into } }).planFile;
}

// ---- phases

/** An engine with samples, warm, for each device. */
function openEngines(
  addon,
  { folder, form = 'padded', deviceCount = 1, open = {}, graphs = [], maxBatch = 8 },
) {
  addon.load({ folder });
  const { planFile } = buildPlan(addon, { form, maxBatch });
  const samples = makeSamples();
  const engines = Array.from({ length: deviceCount }, (_, device) => {
    const engine = addon.open(openRequest(planFile, { device, max_batch: maxBatch, ...open }));
    addon.setSamples(engine, samples);
    addon.warmUp(engine, {
      shapes: [
        [maxBatch, MAX_LENGTH],
        [1, 16],
      ],
      graphs,
    });
    return engine;
  });
  return { engines, samples };
}

/** A phase's shared memory, with the slots for responses that the TensorRT SUT adds; every sample is logged. */
function makePhase(samples, indices, { queryCount = 1 } = {}) {
  const phase = createSharedPhase({
    phase: 'accuracy',
    firstSampleId: 0,
    sampleIndices: shared(indices),
    scheduledDeltaNs: shared(new Array(queryCount).fill(0), Float64Array),
    queryCount,
    samplesPerQuery: indices.length / queryCount,
    isLogged: shared(new Array(indices.length).fill(1), Uint8Array),
  });
  return { ...phase, ...createResponseSlots(phase, samples.maxSequenceLength * 8).memory };
}

const nativePhase = (phase, change = {}) => ({
  ...phase,
  cells: cell,
  order: null,
  max_batch: 8,
  queue_delay_ns: 0,
  preferred_batch_sizes: [],
  max_tokens: 0,
  length_boundaries: [],
  use_graphs: false,
  in_call: false,
  spin_ns: 0,
  ...change,
});

/** Logits of every sample, in order, from the phase's responses. */
function responsesOf(phase) {
  return Array.from({ length: phase.sampleCount }, (_, sample) => {
    const slot = phase.responseSlots[sample];
    const bytes = phase.responseBytes.slice(
      slot * phase.maxResponseBytes,
      slot * phase.maxResponseBytes + phase.responseLengths[slot],
    );
    return [...new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)];
  });
}

const factsOf = (phase) => ({
  completed: Atomics.load(phase.counters, cell.completed),
  isComplete: phase.completedNs.every((at) => at > 0),
  sleepers: Atomics.load(phase.counters, cell.sleepers),
  responses: responsesOf(phase),
});

const LONG_NS = 60e9;

/** One big query, as Offline issues it: all at once, and waited for. */
function runOffline(addon, engines, samples, indices, change) {
  const phase = makePhase(samples, indices);
  const native = nativePhase(phase, change?.(phase));
  const handle = addon.startPhase(engines, native);
  Atomics.store(phase.counters, cell.issued, indices.length);
  if (Atomics.load(phase.counters, cell.sleepers) > 0) addon.wake(handle);
  addon.waitCompleted(handle, indices.length, LONG_NS);
  const facts = addon.endPhase(handle);
  return { ...factsOf(phase), facts };
}

export function offline(addon, { count = 400, sorted = false, phase = {}, ...how }) {
  const { engines, samples } = openEngines(addon, how);
  const indices = Array.from({ length: count }, (_, i) => (i * 13) % samples.sampleCount);
  const lengthOf = (index) => samples.offsets[index + 1] - samples.offsets[index];
  const result = runOffline(addon, engines, samples, indices, (of) => ({
    ...phase,
    ...(sorted ? { order: longestFirst(of, lengthOf, MAX_LENGTH) } : {}),
  }));
  for (const engine of engines) addon.close(engine);
  return { indices, ...result };
}

/** Two phases, one after the other, on the same engines. */
export function twoPhases(addon, how) {
  const { engines, samples } = openEngines(addon, how);
  const all = Array.from({ length: samples.sampleCount }, (_, i) => i);
  const first = runOffline(addon, engines, samples, all);
  const second = runOffline(addon, engines, samples, [...all].reverse());
  return { indices: [all, [...all].reverse()], phases: [first, second] };
}

/** As Server issues: one query after the other, with time in between for the threads to fall asleep. */
export function server(addon, { count = 60, pauses = true, phase: change = {}, ...how }) {
  const { engines, samples } = openEngines(addon, how);
  const indices = Array.from({ length: count }, (_, i) => (i * 7) % samples.sampleCount);
  const phase = makePhase(samples, indices, { queryCount: count });
  const handle = addon.startPhase(engines, nativePhase(phase, change));
  for (let sample = 0; sample < count; sample++) {
    // Now and then all that was issued is done before more comes: the threads sleep and must be woken.
    if (pauses && sample % 10 === 0) addon.waitCompleted(handle, sample, LONG_NS);
    Atomics.store(phase.counters, cell.issued, sample + 1);
    if (Atomics.load(phase.counters, cell.sleepers) > 0) addon.wake(handle);
  }
  addon.waitCompleted(handle, count, LONG_NS);
  const facts = addon.endPhase(handle);
  return { indices, ...factsOf(phase), facts };
}

/** As SingleStream and MultiStream run: inside the call. */
export function inCall(addon, { perCall = 1, phase: change = {}, ...how }) {
  const { engines, samples } = openEngines(addon, how);
  const indices = Array.from({ length: 40 }, (_, i) => (i * 3) % samples.sampleCount);
  const phase = makePhase(samples, indices, { queryCount: indices.length / perCall });
  const handle = addon.startPhase(engines, nativePhase(phase, { in_call: true, ...change }));
  for (let first = 0; first < indices.length; first += perCall) {
    Atomics.store(phase.counters, cell.issued, first + perCall);
    addon.runInCall(handle, first, perCall);
    if (Atomics.load(phase.counters, cell.completed) !== first + perCall)
      throw new Error('not completed in the call');
  }
  const facts = addon.endPhase(handle);
  return { indices, ...factsOf(phase), facts };
}

/** A phase that breaks: what the wait says, what the end says, and what had completed. */
export function breaking(addon, { mode = 'offline', ...how }) {
  const { engines, samples } = openEngines(addon, how);
  const indices = Array.from({ length: 400 }, (_, i) => i % samples.sampleCount);
  const phase = makePhase(samples, indices);
  const said = {};
  const caught = (name, act) => {
    try {
      act();
      said[name] = null;
    } catch (error) {
      said[name] = { code: error.code, message: error.message };
    }
  };
  const handle = addon.startPhase(engines, nativePhase(phase, { in_call: mode === 'in_call' }));
  Atomics.store(phase.counters, cell.issued, indices.length);
  if (mode === 'in_call') caught('wait', () => addon.runInCall(handle, 0, indices.length));
  else {
    if (Atomics.load(phase.counters, cell.sleepers) > 0) addon.wake(handle);
    caught('wait', () => addon.waitCompleted(handle, indices.length, LONG_NS));
  }
  caught('end', () => addon.endPhase(handle));
  for (const engine of engines) caught('close', () => addon.close(engine));
  return { said, completed: Atomics.load(phase.counters, cell.completed) };
}

/** Wrong calls: the code and the message of each. */
export function misuse(addon, { folder }) {
  const { engines, samples } = openEngines(addon, { folder });
  const [engine] = engines;
  const codes = {};
  const caught = (name, act) => {
    try {
      act();
      codes[name] = 'nothing';
    } catch (error) {
      codes[name] = error.code;
    }
  };
  const phase = makePhase(samples, [0, 1, 2]);
  const handle = addon.startPhase(engines, nativePhase(phase));
  caught('a second phase', () => addon.startPhase(engines, nativePhase(makePhase(samples, [0]))));
  caught('run while a phase runs', () => addon.run(engine, Int32Array.of(0)));
  caught('close while a phase runs', () => addon.close(engine));
  caught('runInCall with threads', () => addon.runInCall(handle, 0, 1));
  addon.endPhase(handle);
  caught('end twice', () => addon.endPhase(handle));
  caught('an index that is none', () => addon.run(engine, Int32Array.of(9999)));
  caught('too many samples', () => addon.run(engine, new Int32Array(9)));
  caught('a shape outside of the profiles', () => addon.warmUp(engine, { shapes: [[99, 16]], graphs: [] }));
  caught('a device that is none', () => addon.open(openRequest('x.plan', { device: 7 })));
  caught('a text for a number', () => addon.open(openRequest('x.plan', { streams: 'two' })));
  caught('a phase with a sample that is none', () =>
    addon.startPhase(engines, nativePhase(makePhase(samples, [77]))),
  );
  addon.close(engine);
  caught('a closed engine', () => addon.describe(engine));
  return codes;
}

// ---- trtexec's loop, NVML

export function measure(addon, { request = {}, ...how }) {
  const { engines } = openEngines(addon, how);
  const measured = addon.measure(engines[0], {
    batch: 4,
    sequence_length: 16,
    iterations: 20,
    duration_ms: 0,
    warm_up_ms: 0,
    use_graph: false,
    copies: true,
    streams: 1,
    idle_ms: 0,
    sample_order: null,
    one_pass: false,
    length_boundaries: [],
    ...request,
    ...(request.sample_order ? { sample_order: Int32Array.from(request.sample_order) } : {}),
  });
  const layers = addon.profileLayers(engines[0], { batch: 4, sequence_length: 16, iterations: 3 });
  addon.close(engines[0]);
  const { samples, wall_ms, ...columns } = measured;
  const lists = Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, [...values]]));
  return { samples, wall_ms, layers, ...lists };
}

export async function gpuSamples(addon, { ids, interval_ms = 2, wanted = 3 }) {
  const sampling = addon.startGpuSampling({ pci_bus_ids: ids, interval_ms });
  const until = performance.now() + 20_000;
  // The samples are handed out at the end only: give it time for some.
  await new Promise((resolve) => setTimeout(resolve, interval_ms * wanted * 20));
  const samples = addon.stopGpuSampling(sampling);
  return { samples, isInTime: performance.now() < until };
}

// ---- ends of a process

/** Starts a phase with much left to do, then ends in one of the ways a process ends. */
export async function end(addon, { how: way, ...how }) {
  const { engines, samples } = openEngines(addon, how);
  const indices = Array.from({ length: 20_000 }, (_, i) => i % samples.sampleCount);
  const phase = makePhase(samples, indices);
  const handle = addon.startPhase(engines, nativePhase(phase));
  Atomics.store(phase.counters, cell.issued, indices.length);
  if (Atomics.load(phase.counters, cell.sleepers) > 0) addon.wake(handle);
  addon.waitCompleted(handle, 8, LONG_NS);
  console.log('running');
  switch (way) {
    case 'exit':
      process.exit(7);
      break;
    case 'exception':
      setImmediate(() => {
        throw new Error('on purpose');
      });
      await new Promise(() => setInterval(() => undefined, 1000));
      break;
    case 'SIGINT':
      process.once('SIGINT', () => process.exit(130));
      process.kill(process.pid, 'SIGINT');
      await new Promise(() => setInterval(() => undefined, 1000));
      break;
    case 'end':
      return 'left running';
  }
  return undefined;
}

/** A worker that runs a phase is terminated in the middle; the main thread goes on and runs another. */
export async function terminate(addon, { addonFile, ...how }) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { addonFile, how } });
  await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const exitCode = await worker.terminate();
  const { completed } = offline(addon, { count: 40, ...how });
  return { exitCode, completed };
}

const { workerData, parentPort } = await import('node:worker_threads');
if (workerData?.addonFile !== undefined) {
  const { createRequire } = await import('node:module');
  const addon = createRequire(import.meta.url)(workerData.addonFile);
  const { engines, samples } = openEngines(addon, workerData.how);
  const indices = Array.from({ length: 20_000 }, (_, i) => i % samples.sampleCount);
  const phase = makePhase(samples, indices);
  const handle = addon.startPhase(engines, nativePhase(phase));
  Atomics.store(phase.counters, cell.issued, indices.length);
  addon.wake(handle);
  parentPort.postMessage('running');
  addon.waitCompleted(handle, indices.length, LONG_NS);
}

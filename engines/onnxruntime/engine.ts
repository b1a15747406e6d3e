// The ONNX Runtime engine on the main thread: builds the engine file, starts the workers, watches them, closes them.

import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { RunError, SetupError } from '../../configs/errors.js';
import type { Engine, EngineRequest, TokenizedSamples } from '../contract.js';
import { buildEngine, runtimeVersion, type EngineFile } from './build-engine.js';
import { processorModel, storedWeightsFor, storedWeightsText } from './processor.js';
import type { FromWorker, ToWorker, WorkerData } from './protocol.js';
import { proveProvider, type NodesByProvider } from './provider-proof.js';
import { requireProvider } from './providers.js';
import type { OnnxRuntimeDetail } from './sut.js';

/** A worker that does not leave within this time hangs inside an inference and is left behind. */
const CLOSE_TIMEOUT_MS = 10_000;

/**
 * Starts `instances` workers with a session each and waits until all are warm.
 *
 * @param given An engine file that is there already, for providers that take another than ours.
 * @throws {ConfigError | SetupError} when the engine cannot be built, or the provider is missing or does not run it.
 * @throws {RunError} when a worker cannot load it.
 */
export async function startOnnxRuntimeEngine(
  request: EngineRequest,
  samples: TokenizedSamples,
  given?: EngineFile,
): Promise<Engine> {
  const { instances, threads_per_instance, batch_size, precision } = request;
  const { name: provider, devices } = request.provider ?? { name: 'cpu', devices: 1 };
  requireProvider(provider);
  const file = given ?? (await buildEngine(request));
  const workers = Array.from({ length: instances }, (_unused, instance) =>
    startWorker({
      instance,
      engineFile: file.path,
      threads: threads_per_instance,
      batchSize: batch_size,
      provider: { name: provider, device: instance % devices },
      isProfiled: instance === 0,
      samples,
    }),
  );
  const failure = Promise.race(workers.map(({ failed }) => failed));
  failure.catch(() => undefined); // heard by whoever waits on it; before that nobody may
  const close = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.close()));
  };
  let started: readonly Ready[];
  let nodes: NodesByProvider;
  try {
    started = await Promise.all(workers.map(({ ready, failed }) => Promise.race([ready, failed])));
    nodes = proveProvider(started[0]!.nodeRuns, provider);
  } catch (error) {
    await close();
    throw error;
  }
  const detail: OnnxRuntimeDetail = { samples };
  return {
    facts: {
      engine: 'onnxruntime',
      runtime: `onnxruntime-node ${runtimeVersion}`,
      precision,
      instances,
      threads_per_instance,
      batch_size,
      engine_file: file.path,
      engine_sha256: file.sha256,
      model_sha256: file.model_sha256,
      notes: {
        execution_provider: provider,
        nodes_by_provider: Object.entries(nodes)
          .map(([name, count]) => `${name} ${count}`)
          .join(', '),
        processor: processorModel(),
        ...(file.int8_scales !== undefined
          ? {
              int8_weights: storedWeightsText(storedWeightsFor()),
              int8_scales: file.int8_scales,
            }
          : {}),
        padding: 'none: every sample runs at its true length',
        load_ms: Math.round(Math.max(...started.map(({ loadMs }) => loadMs))),
      },
    },
    sutSpec: {
      engine: 'onnxruntime',
      name: `onnxruntime_bert_${precision}`,
      ports: workers.map(({ driverPort }) => driverPort),
      detail,
    },
    failure,
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Ready = Extract<FromWorker, { readonly type: 'ready' }>;

interface StartedWorker {
  readonly driverPort: MessagePort;
  readonly ready: Promise<Ready>;
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

function startWorker(data: Omit<WorkerData, 'driverPort'>): StartedWorker {
  const { port1, port2 } = new MessageChannel();
  const workerData: WorkerData = { ...data, driverPort: port1 };
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData, transferList: [port1] });
  let closing = false;
  const name = `engine worker ${data.instance}`;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const failed = new Promise<never>((_resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      if (message.type !== 'failed') return;
      const { isSetup, message: reason, stack: cause } = message;
      reject(
        isSetup ? new SetupError(reason, { cause }) : new RunError(`${name} failed: ${reason}`, { cause }),
      );
    });
    worker.once('error', (cause) => reject(new RunError(`${name} died: ${cause.message}`, { cause })));
    worker.once('exit', (code) => {
      if (!closing) reject(new RunError(`${name} ended with exit code ${code} while it was needed`));
    });
  });
  failed.catch(() => undefined); // joined with the others in `failure`
  return {
    driverPort: port2,
    failed,
    ready: new Promise((resolve) => {
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'ready') resolve(message);
      });
    }),
    async close() {
      closing = true;
      const goodbye: ToWorker = { type: 'close' };
      worker.postMessage(goodbye);
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
      });
      await Promise.race([exited, patience]);
      clearTimeout(timer);
      worker.unref();
    },
  };
}

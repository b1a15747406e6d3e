// The engine against the fp32 reference, before anything is timed.

import { availableParallelism } from 'node:os';
import { isQuantized } from '../../configs/engine-choices.js';
import { RunError } from '../../configs/errors.js';
import type { EngineRequest, TokenizedSamples } from '../contract.js';
import { compareLogits, spreadIndices, type LogitCheck } from '../logit-check.js';
import type { FoundPlan } from './find-plan.js';
import type { TensorRtParts } from './parts.js';
import { runInBatches } from './run-in-batches.js';
import { writeSidecar } from './sidecar.js';

/** Arithmetic that the reference may cost: some seconds on a few cores, for models of any size. */
const REFERENCE_GIGAFLOPS = 1500;
const FEWEST_SAMPLES = 8;
const MOST_SAMPLES = 100;

/** The engine against the fp32 reference; kept in its sidecar, so that it is done once. */
export async function checkLogits(
  request: EngineRequest,
  samples: TokenizedSamples,
  { plan, tensorRt, isSynthetic, parameterCount }: FoundPlan,
  handle: number,
  parts: TensorRtParts,
  isMadeUp: boolean,
): Promise<LogitCheck> {
  const meanLength = samples.tokenIds.length / samples.sampleCount;
  const gigaflops = (2 * parameterCount * meanLength) / 1e9; // as if every parameter met every token
  const count = Math.min(MOST_SAMPLES, Math.max(FEWEST_SAMPLES, Math.round(REFERENCE_GIGAFLOPS / gigaflops)));
  const indices = spreadIndices(samples.sampleCount, count);
  request.report(`comparing the engine's logits with the fp32 reference on ${indices.length} samples (once)`);
  await using reference = await parts.openReference({
    ...request,
    engine: 'onnxruntime',
    precision: 'fp32',
    batch_size: 1,
    instances: 1,
    threads_per_instance: availableParallelism(),
    mayBuild: true,
  });
  const expected = await reference.run(pick(samples, indices));
  const got = runInBatches(tensorRt.addon, handle, samples, indices, request.batch_size);
  const check = compareLogits(reference.facts.runtime, expected, got);
  refuseWrong(check, request, plan.choice.attention, isSynthetic || isMadeUp);
  // Made-up tokens say less than a data set: that comparison is still to come.
  if (!isMadeUp) writeSidecar(plan.folder, { ...plan.sidecar, logit_check: { ...check } });
  return check;
}

/** The samples at `indices`, as a data set of their own. */
function pick(
  { tokenIds, offsets, segmentStarts, maxSequenceLength }: TokenizedSamples,
  indices: Int32Array,
): TokenizedSamples {
  const ids: number[] = [];
  const picked = { offsets: [0], segmentStarts: [] as number[] };
  for (const index of indices) {
    ids.push(...tokenIds.subarray(offsets[index], offsets[index + 1]));
    picked.offsets.push(ids.length);
    picked.segmentStarts.push(segmentStarts[index]!);
  }
  return {
    sampleCount: indices.length,
    tokenIds: Int32Array.from(ids),
    offsets: Int32Array.from(picked.offsets),
    segmentStarts: Int32Array.from(picked.segmentStarts),
    maxSequenceLength,
  };
}

/**
 * Least cosine of all logits with the reference's. Random weights or tokens amplify int8's rounding, to 0.78 with all of
 * BERT-Large's products in int8: they are checked for sense.
 */
const leastCosine = { fp32: 0.9999, fp16: 0.999, bf16: 0.99, int8: 0.97, fp8: 0.97 } as const;
const LEAST_COSINE_OF_RANDOM = 0.7;

function refuseWrong(
  check: LogitCheck,
  { precision }: EngineRequest,
  attention: string,
  isRandom: boolean,
): void {
  const least = isRandom && isQuantized(precision) ? LEAST_COSINE_OF_RANDOM : leastCosine[precision];
  const { cosine, not_finite, samples, answers_agreeing, reference } = check;
  if (not_finite === 0 && cosine >= least) return;
  const what =
    not_finite > 0
      ? `${not_finite} of its logits are NaN or infinite`
      : `their cosine is ${cosine}, at least ${least} is expected; ${(100 * answers_agreeing).toFixed(0)} % of the answers agree`;
  throw new RunError(
    `the ${precision} engine does not answer as the model does (${samples} samples against ${reference}): ${what}. ` +
      `It is not timed. Use ${attention === 'network' ? '' : '--tensorrt_attention=network, or '}another --precision.`,
  );
}

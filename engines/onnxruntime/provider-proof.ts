// Which execution provider ran each node of a session, counted from the profile of a warm-up run. ONNX Runtime puts what a
// provider cannot run on the CPU without a word; a result must not bear the name of a GPU that did not compute it.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { z } from 'zod';
import { SetupError } from '../../configs/errors.js';
import type { Provider } from '../../configs/engine-choices.js';
import { profiledName } from './providers.js';

const shapes = z.array(z.record(z.string(), z.array(z.number())));
/** Events of the profile that stand for the run of one node; there are others. */
const nodeRunSchema = z.object({
  name: z.string().endsWith('_kernel_time'),
  args: z.object({
    provider: z.string(),
    op_name: z.string().default('?'),
    output_type_shape: shapes.default([]),
  }),
});

export interface NodeRun {
  readonly node: string;
  readonly operator: string;
  /** As the profile names it, e.g. CUDAExecutionProvider. */
  readonly provider: string;
  /** True when all it makes is whole numbers about shapes, which every provider leaves to the CPU. */
  readonly isShapeArithmetic: boolean;
}

/** Node runs of a profile's text, each node once. */
export function nodeRuns(profile: string): readonly NodeRun[] {
  const events = z.array(z.unknown()).parse(JSON.parse(profile));
  const runs = new Map<string, NodeRun>();
  for (const event of events) {
    const parsed = nodeRunSchema.safeParse(event);
    if (!parsed.success) continue;
    const { name, args } = parsed.data;
    const node = name.slice(0, -'_kernel_time'.length);
    const types = args.output_type_shape.flatMap((output) => Object.keys(output));
    const isShapeArithmetic = types.length > 0 && types.every((type) => type === 'int64');
    runs.set(node, { node, operator: args.op_name, provider: args.provider, isShapeArithmetic });
  }
  return [...runs.values()];
}

/** Number of nodes by provider. */
export type NodesByProvider = Readonly<Record<string, number>>;

/**
 * Counts the nodes of each provider.
 *
 * @throws {SetupError} where a node that computes did not run on the provider that was asked for.
 */
export function proveProvider(runs: readonly NodeRun[], wanted: Provider): NodesByProvider {
  const counts: Record<string, number> = {};
  for (const { provider } of runs) counts[provider] = (counts[provider] ?? 0) + 1;
  const elsewhere = runs.filter(
    ({ provider, isShapeArithmetic }) => provider !== profiledName[wanted] && !isShapeArithmetic,
  );
  const told = Object.entries(counts).map(([provider, count]) => `${provider} ${count}`);
  if ((counts[profiledName[wanted]] ?? 0) === 0 || elsewhere.length > 0) {
    const names = elsewhere.slice(0, 5).map(({ node, provider }) => `${node} on ${provider}`);
    throw new SetupError(
      `the model does not run on provider ${wanted}: a profiled run shows ${told.join(', ') || 'no node at all'}` +
        `${names.length === 0 ? '' : ` (${names.join(', ')}${elsewhere.length > 5 ? ' …' : ''})`}. ` +
        `Use another precision (fp16 or fp32), --engine=tensorrt, or --provider=cpu.`,
    );
  }
  return counts;
}

/** A profile being taken: options for the session, and what to do after its warm-up run. */
export interface ProfiledSession {
  readonly options: Pick<InferenceSession.SessionOptions, 'enableProfiling' | 'profileFilePrefix'>;
  /** Ends the profile; the session goes on without. */
  finish(session: InferenceSession): readonly NodeRun[];
}

/** Profiles one session into a folder that is gone afterwards. */
export function profileSession(): ProfiledSession {
  const folder = mkdtempSync(join(tmpdir(), 'loadrig-profile-'));
  return {
    options: { enableProfiling: true, profileFilePrefix: join(folder, 'warm-up') },
    finish(session) {
      session.endProfiling();
      const [file] = readdirSync(folder);
      const runs = file === undefined ? [] : nodeRuns(readFileSync(join(folder, file), 'utf8'));
      rmSync(folder, { recursive: true, force: true });
      return runs;
    },
  };
}

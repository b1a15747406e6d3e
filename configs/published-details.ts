// Which details of an engine the configurations of a round say; what they leave out was the default of their harness. Follows
// the published rounds v0.7 to v4.1. Where one row differs, its `unsaid` lists the setting.

import type { SettingKey } from './schema.js';
import type { Scenario } from './test-settings.js';

/** What NVIDIA's harness takes where a configuration has no workspace_size, up to batch 512. */
const DEFAULT_WORKSPACE_BYTES = 5_368_709_120;

interface Said {
  /** v1.1 → 1.1 */
  readonly round: number;
  readonly scenario: Scenario;
  readonly value: unknown;
}

const details: { readonly [K in SettingKey]?: (said: Said) => boolean } = {
  workspace_size: ({ value }) => value !== DEFAULT_WORKSPACE_BYTES,
  enable_interleaved: ({ round, scenario }) => round < 4 && (round >= 1 || scenario !== 'SingleStream'),
  use_small_tile_gemm_plugin: ({ round }) => round >= 1,
  gemm_plugin_fairshare_cache_size: ({ round }) => round >= 1 && round <= 2,
};

/** Whether the rows of a round say this setting; all say batches, streams, targets and the like. */
export const isSaidIn = (key: SettingKey, round: string, scenario: Scenario, value: unknown): boolean =>
  details[key]?.({ round: Number(round.slice(1)), scenario, value }) ?? true;

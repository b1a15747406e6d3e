// The layers that a machine with GPUs adds: blocks of gpus.json from the general to the special, then its system file
// and the files that one extends. Every value gets a label: published, derived (by count or architecture), or guessed.

import { blockLayers, isFor, perGpuKeys } from './config-file.js';
import type { FileSetting, GpuConfigFile, Layer, PublishedRow, SystemConfigFile } from './config-file.js';
import type { Label } from './benchmark-config.js';
import { isSaidIn } from './published-details.js';
import { targetKeys } from './schema.js';
import type { SettingKey } from './schema.js';
import type { Benchmark } from './selection.js';
import type { Scenario } from './test-settings.js';
import type { ConfigVer } from './variants.js';

/** One system file of a chain of `extends`. */
export interface Ancestor {
  readonly configs: SystemConfigFile;
  readonly accelerators_per_node: number;
}

/** What resolving must know of a machine's GPUs. */
export interface GpusForConfigs {
  /** Name in systems/gpu-models.json of the GPU whose values apply. */
  readonly accelerator: string;
  /** GPUs, or slices of GPUs. */
  readonly accelerators_per_node: number;
  readonly architecture: string;
  readonly compute_capability: number;
  /** Memory of one. */
  readonly memory_bytes: number;
  /** known: the machine has this GPU; nearest: it has another one, for which these values stand in. */
  readonly match: 'known' | 'nearest';
  /** How the GPU was found, in words. */
  readonly because: string;
  /** Blocks of gpus.json that hold, the general first. */
  readonly blocks: readonly string[];
  /** The system's own file last, before it those it extends, the oldest first; empty for an unlisted system. */
  readonly lineage: readonly Ancestor[];
  /** gpus.json of each scenario. */
  readonly files: readonly GpuConfigFile[];
}

/** Targets that grow with the number of GPUs. */
const scaled: readonly string[] = Object.values(perGpuKeys);
const targets: readonly string[] = Object.values(targetKeys);

/** All layers of the machine's GPUs for one run, lowest first. */
export function gpuLayers(
  gpus: GpusForConfigs,
  benchmark: Benchmark,
  scenario: Scenario,
  configVer: ConfigVer,
): readonly Layer[] {
  const count = gpus.accelerators_per_node;
  const published = publishedRow(gpus, benchmark, scenario, configVer);
  const own = gpus.lineage.at(-1);
  const basis =
    published === undefined ? basisWithoutRow(gpus, scenario, configVer) : rowBasis(published, scenario);

  const file = gpus.files.find(isFor(benchmark, scenario));
  const ofGpus = gpus.blocks.flatMap((name) => {
    const block = file?.gpus.get(name);
    if (file === undefined || block === undefined) return [];
    return blockLayers(`${file.file}#${name}`, block, configVer).map((layer) =>
      adapted(layer, { factor: count, basis }),
    );
  });
  const ofSystems = gpus.lineage.flatMap((ancestor) => {
    const block = ancestor.configs.blocks.find(isFor(benchmark, scenario));
    if (block === undefined) return [];
    const isOwn = ancestor === own;
    // What a user's own file says stands as it is; what it takes over from others is derived.
    const labels = isOwn && published === undefined ? undefined : basis;
    return blockLayers(ancestor.configs.file, block, configVer).map((layer) =>
      adapted(layer, { factor: count / ancestor.accelerators_per_node, basis: labels }),
    );
  });
  return [...ofGpus, ...ofSystems];
}

/** The published row of a run's system; undefined where none was published. */
export function publishedRow(
  gpus: GpusForConfigs,
  benchmark: Benchmark,
  scenario: Scenario,
  configVer: ConfigVer,
): PublishedRow | undefined {
  const block = gpus.lineage.at(-1)?.configs.blocks.find(isFor(benchmark, scenario));
  return block?.published[configVer];
}

/** What a value of a setting rests on. */
type Basis = (key: SettingKey, value: unknown) => { readonly label: Label; readonly note: string };

function rowBasis(row: PublishedRow, scenario: Scenario): Basis {
  const note = rowNote(row, scenario);
  return (key, value) =>
    row.unsaid?.includes(key) === true || !isSaidIn(key, row.round, scenario, value)
      ? {
          label: 'derived',
          note: `${row.round}; where it does not say, the default of its harness or the nearest round`,
        }
      : { label: 'published', note };
}

/** `v3.0, submitted 25602 samples/s`, or that nobody submitted it. */
function rowNote(row: PublishedRow, scenario: Scenario): string {
  const result = row.samples_per_second ?? row.scheduled_samples_per_second ?? row.p90_latency_ns;
  const unit = scenario === 'SingleStream' ? 'ns p90' : 'samples/s';
  const proof =
    result === undefined
      ? 'config without a submitted result: a placeholder until proven'
      : `submitted ${result} ${unit}`;
  return [`${row.round}, ${proof}`, ...(row.note === undefined ? [] : [row.note])].join('; ');
}

function basisWithoutRow(gpus: GpusForConfigs, scenario: Scenario, configVer: ConfigVer): Basis {
  const { accelerator, accelerators_per_node: count } = gpus;
  if (gpus.match === 'nearest') {
    return (key) => ({ label: targets.includes(key) ? 'guessed' : 'derived', note: gpus.because });
  }
  const own = gpus.lineage.at(-1);
  const hasRows = own?.configs.blocks.some((block) => Object.keys(block.published).length > 0) === true;
  const why = hasRows
    ? `${own.configs.file} has no published ${configVer} for ${scenario}`
    : 'nothing was published for this system';
  return (key) => ({
    label: 'derived',
    note: `${scaled.includes(key) ? `${count} ×` : 'from'} ${accelerator}; ${why}`,
  });
}

/** A layer with its targets for this machine's number of GPUs, and labels where the file gives none. */
function adapted(
  { settings, ...layer }: Layer,
  { factor, basis }: { readonly factor: number; readonly basis: Basis | undefined },
): Layer {
  const entries = [...settings].map(([key, given]): readonly [SettingKey, FileSetting] => {
    const value = scaled.includes(key) ? exact(Number(given.value) * factor) : given.value;
    const said = basis?.(key, value);
    // Only a target of another GPU is a guess, whatever its own block says of it.
    const ownLabel = said === undefined || (given.label !== undefined && said.label !== 'guessed');
    return [key, ownLabel ? { ...given, value } : { ...said, value }];
  });
  return { ...layer, settings: new Map(entries) };
}

/** Thirds and the like come back whole: 12 digits are more than any target has. */
const exact = (value: number) => Number(value.toPrecision(12));

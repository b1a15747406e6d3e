// What was submitted on each GPU, as runs to compare with: for every GPU the best result of one GPU.

import { accuracyOf } from '../../configs/derive.js';
import type { SystemCatalogue } from '../gpu-systems.js';
import { resultOf } from '../list/tables.js';
import type { ComparedRun } from './find-runs.js';

/** The variants that run at full power, alone, without another server. */
const plainVariants = ['default', 'high_accuracy'] as const;

/** The best submitted run of each GPU, benchmark and scenario, by the rate of one GPU or the latency; the fastest first. */
export function publishedRuns({ systems }: SystemCatalogue): readonly ComparedRun[] {
  const runs = [...systems.values()].flatMap(({ description, configs }) =>
    configs.blocks.flatMap(({ scenario, published }) =>
      plainVariants.flatMap((config_ver): ComparedRun[] => {
        const row = published[config_ver];
        const result = row === undefined ? undefined : resultOf(row);
        if (row === undefined || result === undefined) return [];
        return [
          {
            source: `submitted in ${row.round}`,
            system: description.system_id,
            benchmark: accuracyOf(config_ver).benchmark_full,
            scenario,
            metric: { value: result, unit: scenario === 'SingleStream' ? 'ns' : 'samples/s' },
            isValid: true,
            p99_ns: undefined,
            accelerators: description.accelerators_per_node ?? 1,
            accelerator: description.accelerator ?? '',
            precision: '',
            model: 'BERT-Large',
            f1: undefined,
          },
        ];
      }),
    ),
  );
  const best = new Map<string, ComparedRun>();
  for (const run of runs) {
    const key = [run.accelerator, run.benchmark, run.scenario].join(' ');
    const other = best.get(key);
    if (other === undefined || speedOfOne(run) > speedOfOne(other)) best.set(key, run);
  }
  return [...best.values()].sort((a, b) => speedOfOne(b) - speedOfOne(a));
}

/** Larger is faster: the rate of one accelerator, or one over the latency. */
export const speedOfOne = ({ metric, accelerators }: ComparedRun): number =>
  metric.unit === 'ns' ? 1 / metric.value : metric.value / Math.max(1, accelerators);

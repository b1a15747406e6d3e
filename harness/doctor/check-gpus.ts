// The GPUs: there, alike, awake, cool and at their full power.

import type { Machine } from '../../systems/machine.js';
import type { Gpu } from '../../systems/nvidia-smi.js';
import { checksOf } from './check.js';
import type { Check } from './check.js';

/** @param isNeeded Whether the chosen engine runs on GPUs; without it their absence is no fault. */
export function checkGpus(machine: Machine, isNeeded: boolean): readonly Check[] {
  const { ok, warning, missing } = checksOf('GPUs');
  const { gpus, board, problems, system, driver_version, cuda_version } = machine;
  const count = system.accelerators?.length ?? 0;
  const told = problems.map((problem) => {
    const [found = problem, ...advice] = problem.split(/(?<=[.:)]) (?=[A-Z])/);
    return count === 0 && isNeeded
      ? missing('detection', found, advice.join(' '))
      : warning('detection', found, advice.join(' '));
  });
  if (count === 0 && gpus.length === 0) {
    if (told.length > 0) return told;
    return [
      isNeeded
        ? missing(
            'GPUs',
            'none found: no nvidia-smi, no NVIDIA device on the PCI bus',
            'Engine tensorrt needs one; --engine=onnxruntime runs on the CPU.',
          )
        : ok('GPUs', 'none; the chosen engine runs without'),
    ];
  }
  const names = board === null ? counted(gpus.map(({ name }) => name)) : `${board.gpu_name} (${board.model})`;
  return [
    ok('GPUs', `${names}${usable(machine, count)}`),
    ...told,
    ...(board === null
      ? [ok('driver', `${driver_version ?? 'unknown'}, for CUDA up to ${cuda_version ?? 'unknown'}`)]
      : []),
    ...(gpus.length === 0 ? [] : gpuState(gpus)),
  ];
}

/** Where not each GPU is one to use: slices, and those that are hidden or cannot be used. */
function usable({ gpus, board }: Machine, count: number): string {
  if (board !== null || count === gpus.length) return '';
  return `; ${count} usable${gpus.some(({ mig_mode }) => mig_mode) ? ' (slices count as GPUs)' : ''}`;
}

function gpuState(gpus: readonly Gpu[]): readonly Check[] {
  const { ok, warning } = checksOf('GPUs');
  const indexes = (isSo: (gpu: Gpu) => boolean) => gpus.flatMap((gpu, index) => (isSo(gpu) ? [index] : []));
  const asleep = indexes(({ persistence_mode }) => persistence_mode === false);
  const capped = indexes(
    ({ power_limit_w: limit, default_power_limit_w: standard }) =>
      limit !== null && standard !== null && limit < standard,
  );
  const lowered = indexes(
    ({ application_sm_clock_mhz: set, max_sm_clock_mhz: max }) => set !== null && max !== null && set < max,
  );
  const slowed = indexes(({ throttle_reasons }) => throttle_reasons.length > 0);
  const on = (list: readonly number[]) => `GPU ${list.join(', ')}`;
  return [
    asleep.length === 0
      ? ok('persistence mode', 'on')
      : warning(
          'persistence mode',
          `off on ${on(asleep)}`,
          'The driver unloads between runs and clocks start low: sudo nvidia-smi -pm 1',
        ),
    capped.length === 0
      ? ok(
          'power limit',
          values(gpus, ({ power_limit_w: watts }) => watts, 'W'),
        )
      : warning(
          'power limit',
          `lower than NVIDIA's default on ${on(capped)}: ${values(gpus, ({ power_limit_w: watts }) => watts, 'W')}`,
          `sudo nvidia-smi -pl ${gpus[capped[0] ?? 0]?.default_power_limit_w ?? ''} (unless it is meant, as for MaxQ)`,
        ),
    lowered.length === 0
      ? ok(
          'clocks',
          `SM now ${values(gpus, ({ sm_clock_mhz: mhz }) => mhz, 'MHz')}, up to ${values(gpus, ({ max_sm_clock_mhz: mhz }) => mhz, 'MHz')}`,
        )
      : warning(
          'clocks',
          `application clocks below the highest on ${on(lowered)}: ${values(gpus, ({ application_sm_clock_mhz: mhz }) => mhz, 'MHz')} of ${values(gpus, ({ max_sm_clock_mhz: mhz }) => mhz, 'MHz')}`,
          'sudo nvidia-smi -rac (resets them), unless they are meant',
        ),
    slowed.length === 0
      ? ok('slowdowns', 'none active')
      : warning(
          'slowdowns',
          `active on ${on(slowed)}: ${[...new Set(gpus.flatMap(({ throttle_reasons }) => throttle_reasons))].join(', ')}`,
          'Look at cooling and power supply; figures under a slowdown are not those of the GPU.',
        ),
  ];
}

function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} × ${name}`).join(', ');
}

/** Equal values once. */
function values(gpus: readonly Gpu[], of: (gpu: Gpu) => number | null, unit: string): string {
  const distinct = [...new Set(gpus.map((gpu) => of(gpu)))];
  return distinct.map((value) => (value === null ? 'unknown' : `${value} ${unit}`)).join(', ');
}

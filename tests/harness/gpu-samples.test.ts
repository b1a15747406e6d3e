// What the GPUs of a run did: the file beside its logs and the summary in its metadata.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GpuSample } from '../../engines/contract.js';
import { startGpuSampling } from '../../engines/tensorrt/gpu-sampling.js';
import { saveGpuSamples, summarizeGpus } from '../../harness/gpu-samples.js';
import { temporaryFolder } from '../built.js';
import { createFakeTensorRt, h100 } from '../fakes/fake-tensorrt.js';

const sample: GpuSample = {
  at_ns: 1000,
  device: 0,
  sm_clock_mhz: 1980,
  memory_clock_mhz: 2619,
  power_w: 650,
  temperature_c: 50,
  utilization_percent: 99,
  memory_used_bytes: 10_000,
  throttle_reasons: [],
};

describe('GPU samples', () => {
  it('are summed up per GPU; what a GPU does not tell is null', () => {
    const [first, second] = summarizeGpus([
      sample,
      { ...sample, sm_clock_mhz: 1700, throttle_reasons: ['power_cap'] },
      { ...sample, device: 1, power_w: -1 },
    ]);
    expect(first).toMatchObject({
      gpu: 0,
      samples: 2,
      values: { sm_clock_mhz: { min: 1700, mean: 1840, max: 1980 } },
      throttled: { power_cap: 0.5 },
    });
    expect(second).toMatchObject({ gpu: 1, values: { power_w: null }, throttled: {} });
  });

  it('are written one a row', () => {
    const folder = temporaryFolder();
    saveGpuSamples(folder, [{ ...sample, throttle_reasons: ['power_cap', 'thermal_software'] }]);
    expect(readFileSync(join(folder, 'gpu_samples.csv'), 'utf8')).toBe(
      'at_ns,gpu,sm_clock_mhz,memory_clock_mhz,power_w,temperature_c,utilization_percent,memory_used_bytes,throttle_reasons\n' +
        '1000,0,1980,2619,650,50,99,10000,power_cap thermal_software\n',
    );
  });

  it('name what held the clocks back', () => {
    const addon = createFakeTensorRt();
    addon.stopGpuSampling = () => [{ ...sample, throttle_reasons: 0x4 | 0x40 }];
    const sampling = startGpuSampling(addon, [h100], () => undefined);
    expect(sampling?.stop()[0]?.throttle_reasons).toEqual(['power_cap', 'thermal_hardware']);
  });

  it('are left out with a word where NVML is missing', () => {
    const addon = createFakeTensorRt();
    addon.breakNext('startGpuSampling', 'ERR_NVML', 'libnvidia-ml.so.1: not found');
    const lines: string[] = [];
    expect(startGpuSampling(addon, [h100], (line) => void lines.push(line))).toBeUndefined();
    expect(lines).toEqual([expect.stringContaining('clocks of the GPUs are not sampled')]);
  });
});

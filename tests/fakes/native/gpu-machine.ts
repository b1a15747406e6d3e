// A machine with an NVIDIA GPU as the program meets it: nvidia-smi, driver, NVML and TensorRT, all of them fakes, and the
// addon itself. They come to the program by its environment, as the real ones do.

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NvidiaSmiOutputs } from '../../../systems/nvidia-smi.js';
import { temporaryFolder, type Environment } from '../../built.js';
import { parts, type Release } from './native-parts.js';

/** A folder with an nvidia-smi that prints `outputs`. */
function folderOfNvidiaSmi({ xml, csv, list, topology }: NvidiaSmiOutputs): string {
  const folder = temporaryFolder();
  const answers = { '-q': xml, '-L': list, topo: topology, '*': csv };
  const cases = Object.entries(answers).map(([argument, { stdout }], place) => {
    writeFileSync(join(folder, String(place)), stdout);
    return `${argument}) cat ${join(folder, String(place))} ;;`;
  });
  const script = join(folder, 'nvidia-smi');
  writeFileSync(script, `#!/bin/sh\ncase "$1" in\n${cases.join('\n')}\nesac\n`);
  chmodSync(script, 0o755);
  return folder;
}

/** What CUDA shows of a GPU: "name|compute capability|GiB". */
export type CudaDevice = `${string}|${string}|${string}`;

/** The environment of a program on such a machine. */
export function gpuMachine({
  nvidiaSmi,
  device,
  release = '10.16',
}: {
  readonly nvidiaSmi: NvidiaSmiOutputs;
  readonly device: CudaDevice;
  readonly release?: Release;
}): Environment {
  return {
    PATH: `${folderOfNvidiaSmi(nvidiaSmi)}:${process.env['PATH'] ?? ''}`,
    LD_LIBRARY_PATH: parts.driver,
    TENSORRT_LIB: parts.libraries(release),
    TENSORRT_ADDON: parts.addon,
    FAKE_CUDA_DEVICES: device,
  };
}

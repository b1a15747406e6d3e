// TensorRT and the GPUs of this machine, opened once per process.

import { ConfigError, SetupError } from '../../configs/errors.js';
import { loadAddon } from './load-addon.js';
import { inNative } from './native-errors.js';
import type { NativeDevice, NativeLibraries } from './native-libraries.js';
import type { NativeAddon } from './native.js';

export interface TensorRt {
  readonly addon: NativeAddon;
  readonly libraries: NativeLibraries;
}

/** TensorRT with the GPUs to use: all of one kind. */
export interface TensorRtOnGpus extends TensorRt {
  readonly devices: readonly NativeDevice[];
  /** The first of them; the others are like it. */
  readonly device: NativeDevice;
}

/** Loads the libraries; needs no GPU. @param folder '' = TENSORRT_LIB, else the loader's own search. @throws {SetupError} */
export function openTensorRt(folder = '', addon: NativeAddon = loadAddon()): TensorRt {
  const chosen = folder === '' ? (process.env['TENSORRT_LIB'] ?? '') : folder;
  const libraries = inNative({ doing: 'loading its libraries' }, () =>
    addon.load({ folder: chosen === '' ? undefined : chosen }),
  );
  return { addon, libraries };
}

/**
 * The first `count` GPUs.
 *
 * @throws {SetupError} when there are fewer, or no driver.
 * @throws {ConfigError} when they differ: an engine fits one kind.
 */
export function findGpus(tensorRt: TensorRt, count: number): TensorRtOnGpus {
  const all = inNative({ doing: 'looking for GPUs' }, () => tensorRt.addon.devices());
  const devices = all.slice(0, count);
  const [device] = devices;
  if (device === undefined || devices.length < count) {
    throw new SetupError(
      `engine tensorrt: ${count} GPU${count === 1 ? '' : 's'} asked for, the driver shows ${all.length}. ` +
        'CUDA_VISIBLE_DEVICES may hide some; --system=ID resolves for a machine with fewer.',
    );
  }
  const other = devices.find(
    ({ name, compute_capability }) =>
      name !== device.name || compute_capability !== device.compute_capability,
  );
  if (other !== undefined) {
    throw new ConfigError(
      `engine tensorrt runs on GPUs of one kind, got ${device.name} (GPU ${device.index}) and ${other.name} (GPU ${other.index}). ` +
        'Choose with CUDA_VISIBLE_DEVICES which to use.',
    );
  }
  refuseOlderThanTuring(device, tensorRt.libraries.version);
  return { ...tensorRt, devices, device };
}

/** TensorRT 10.5 left Volta behind; what it says of it itself comes late and in its own words. @throws {SetupError} */
function refuseOlderThanTuring({ name, compute_capability }: NativeDevice, version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const hasVolta = major < 10 || (major === 10 && minor < 5);
  if (hasVolta || Number(compute_capability) >= 7.5) return;
  throw new SetupError(
    `engine tensorrt: TensorRT ${version} does not run on ${name} (compute capability ${compute_capability}); it needs 7.5 ` +
      '(Turing) from 10.5 on. Use TensorRT 8.5 to 10.4: --tensorrt_lib=FOLDER names the folder of its libraries.',
  );
}

/** Why TensorRT cannot be used here, in the words of the error; undefined where it can. */
export function whyNoTensorRt(folder = ''): string | undefined {
  try {
    findGpus(openTensorRt(folder), 1);
    return undefined;
  } catch (error) {
    if (error instanceof SetupError || error instanceof ConfigError) return error.message;
    throw error;
  }
}

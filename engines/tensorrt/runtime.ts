// TensorRT and the GPUs of this machine, opened once per process.

import { ConfigError, SetupError } from '../../configs/errors.js';
import { loadAddon } from './load-addon.js';
import { inNative } from './native-errors.js';
import type { NativeAddon, NativeDevice, NativeLibraries } from './native.js';

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
  return { ...tensorRt, devices, device };
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

// Finds and loads the compiled addon. It needs no GPU and no library of NVIDIA's for that; what it opens later may.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from '../../configs/errors.js';
import type { NativeAddon } from './native.js';

/** Folder of package.json, above this file in its source form and in its compiled one. */
const packageFolder = ((): string => {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = resolve(folder, '..')) {
    if (existsSync(join(folder, 'package.json')) || folder === resolve(folder, '..')) return folder;
  }
})();

/** Where `make tensorrt` puts the addon of this platform; TENSORRT_ADDON names another file. */
export const addonFile = resolve(
  process.env['TENSORRT_ADDON'] ??
    join(packageFolder, 'build', 'native', `loadrig-tensorrt-${process.platform}-${process.arch}.node`),
);

let loaded: NativeAddon | undefined;

/**
 * The addon; each thread loads it for itself, and all share its handles.
 *
 * @throws {SetupError} when it has not been compiled, or does not fit this machine.
 */
export function loadAddon(): NativeAddon {
  if (loaded !== undefined) return loaded;
  const file = relative(process.cwd(), addonFile);
  if (!existsSync(addonFile)) {
    throw new SetupError(
      `engine tensorrt: its native part is not compiled (${file} is missing). ` +
        'Run `make tensorrt`: it needs g++ and the headers of TensorRT (apt: libnvinfer-headers-dev, or the include folder ' +
        'of its archive as TENSORRT_INCLUDE=FOLDER). On the CPU: --engine=onnxruntime.',
    );
  }
  try {
    loaded = createRequire(import.meta.url)(addonFile) as NativeAddon; // native.ts describes it
    return loaded;
  } catch (cause) {
    throw new SetupError(
      `engine tensorrt: ${file} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        'Compile it again on this machine with `make tensorrt`.',
      { cause },
    );
  }
}

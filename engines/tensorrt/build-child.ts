// The process that builds one engine: TensorRT may end its process, takes minutes and gigabytes; none of that is the program's
// own. Gets its request as a message, tells progress and the result as messages.

import { loadAddon } from './load-addon.js';
import { nativeCodeOf } from './native-errors.js';
import type { NativeBuild, NativeBuilt } from './native-build.js';
import type { NativeAddon } from './native.js';

/** To the child. */
export interface BuildTask {
  readonly libraries: Parameters<NativeAddon['load']>[0];
  readonly build: NativeBuild;
}

/** From the child. */
export type BuildMessage =
  | { readonly type: 'line'; readonly line: string }
  | { readonly type: 'built'; readonly built: NativeBuilt }
  | { readonly type: 'failed'; readonly code: string | undefined; readonly message: string };

if (process.send !== undefined) process.once('message', (task: BuildTask) => void build(task));

async function build({ libraries, build: request }: BuildTask): Promise<void> {
  try {
    const addon = loadAddon();
    addon.load(libraries);
    addon.devices(); // cuInit, before TensorRT: without a driver its builder ends the process
    const built = addon.build(request, (line) => void tell({ type: 'line', line }));
    await tell({ type: 'built', built });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await tell({ type: 'failed', code: nativeCodeOf(error), message });
  }
  process.disconnect();
}

function tell(message: BuildMessage): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve());
  });
}

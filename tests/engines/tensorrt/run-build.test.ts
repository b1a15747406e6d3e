// The process that builds an engine, as it is shipped: how it ends is told, whatever it does.

import { afterEach, describe, expect, it } from 'vitest';
import type { BuildTask } from '../../../engines/tensorrt/build-child.js';
import { importBuilt, temporaryFolder } from '../../built.js';

const { runBuild } = await importBuilt<typeof import('../../../engines/tensorrt/run-build.js')>(
  'engines/tensorrt/run-build.js',
);
const task = { libraries: { folder: temporaryFolder() }, build: {} } as unknown as BuildTask; // no build gets that far

/** Code that the process runs before its own. */
function beforeAnything(code: string): void {
  process.env['NODE_OPTIONS'] = `--import=data:text/javascript,${encodeURIComponent(code)}`;
}

describe('a process that builds', () => {
  const options = process.env['NODE_OPTIONS'];
  afterEach(() => {
    if (options === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = options;
  });

  it('and crashes: the signal and its last lines are told', async () => {
    beforeAnything(`console.error('[TRT] assertion failed'); process.kill(process.pid, 'SIGSEGV')`);
    const build = runBuild(task, () => undefined);
    await expect(build).rejects.toThrow(/by signal SIGSEGV.*last lines:\n {2}\[TRT\] assertion failed/s);
  });

  it('and exits without a word: its exit code is told', async () => {
    beforeAnything('process.exit(7)');
    const build = runBuild(task, () => undefined);
    await expect(build).rejects.toMatchObject({ name: 'RunError' });
    await expect(build).rejects.toThrow('with exit code 7; nothing half built was kept. It said nothing.');
  });

  it('and cannot load the addon or TensorRT: says what is missing', async () => {
    await expect(runBuild(task, () => undefined)).rejects.toThrow(/engine tensorrt|building the engine/);
  });
});

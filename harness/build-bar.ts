// How far the build of an engine is, on a terminal: a bar in place of lines.

import { SingleBar } from 'cli-progress';
import type { EngineRequest } from '../engines/contract.js';

/** For an engine's request; undefined where lines are to be written: no terminal, or quiet. */
export function createBuildBar(
  output: NodeJS.WritableStream & { readonly isTTY?: boolean },
  isQuiet = false,
): EngineRequest['onProgress'] {
  if (output.isTTY !== true || isQuiet) return undefined;
  let bar: SingleBar | undefined;
  return (progress) => {
    if (progress === undefined) {
      bar?.stop();
      bar = undefined;
      return;
    }
    const { share, phase, elapsed_s } = progress;
    if (bar === undefined) {
      bar = new SingleBar({
        format: 'TensorRT [{bar}] {percentage}% {detail}',
        stream: output,
        clearOnComplete: true,
        hideCursor: true,
      });
      bar.start(1000, 0, { detail: '' });
    }
    bar.update(Math.floor(share * 1000), { detail: `${elapsed_s.toFixed(0)} s  ${phase}` });
  };
}

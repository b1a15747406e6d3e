// ONNX Runtime's graph optimiser in a process of its own: it works synchronously, for seconds on large models, and would
// freeze every progress line of this one; and its memory is gone afterwards.

import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { SetupError } from '../../configs/errors.js';
import { sessionOptions } from './session-options.js';

const runtimePath = createRequire(import.meta.url).resolve('onnxruntime-node');

// Making a session saves the optimised form. Arguments: the runtime's path, the model, the session's options.
const SCRIPT = `
  const [, runtime, model, options] = process.argv;
  const { InferenceSession } = require(runtime);
  InferenceSession.create(model, JSON.parse(options))
    .then((session) => session.release())
    .catch((error) => {
      process.stderr.write(error.message);
      process.exitCode = 1;
    });
`;

/**
 * Saves the optimised form of an ONNX file, made once so that sessions load it without optimising again.
 *
 * @param dataFile name of a file beside the optimised one for its large tensors; undefined keeps them inside.
 * @throws {SetupError} when ONNX Runtime refuses the model or cannot write the file.
 */
export async function optimizeGraph(
  modelFile: string,
  optimizedFile: string,
  dataFile: string | undefined,
): Promise<void> {
  const options = sessionOptions({
    threads: 1,
    optimize: true,
    optimizedFile,
    ...(dataFile === undefined ? {} : { optimizedDataFile: dataFile }),
  });
  try {
    await promisify(execFile)(
      process.execPath,
      ['-e', SCRIPT, runtimePath, modelFile, JSON.stringify(options)],
      { env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' } },
    );
  } catch (cause) {
    const { stderr, signal } = cause as { readonly stderr?: string; readonly signal?: string | null }; // execFile's own
    const reason = stderr?.trim() || (signal ? `stopped by ${signal}` : String(cause));
    throw new SetupError(`ONNX Runtime could not optimise ${modelFile}: ${reason}`, { cause });
  }
}

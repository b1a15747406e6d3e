// `make bench`: the driver, then text, then the engine; a table, or JSON with --json; --only=driver, text or engine;
// --rounds=N of the engine.

import '../../engines/onnxruntime/telemetry-off.js';
import { cpus, totalmem } from 'node:os';
import { benchDriver } from './driver.js';
import { benchEngine } from './engine.js';
import { formatTable } from './table.js';
import { benchTokenizer } from './tokenizer.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const machine = {
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memory_gib: Math.round(totalmem() / 2 ** 30),
  node: process.version,
};
const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length);
/** Many short ones: a machine's speed drifts within seconds, and only figures of one round are compared. */
const DEFAULT_ROUNDS = 9;
const rounds = process.argv.find((argument) => argument.startsWith('--rounds='))?.slice('--rounds='.length);
const isWanted = (part: string): boolean => only === undefined || only === part;
const driver = isWanted('driver') ? await benchDriver(say) : [];
const text = isWanted('text') ? await benchTokenizer(say) : [];
const engine = isWanted('engine') ? await benchEngine(say, Number(rounds ?? DEFAULT_ROUNDS)) : [];

if (process.argv.includes('--json'))
  process.stdout.write(`${JSON.stringify({ machine, driver, text, engine }, null, 2)}\n`);
else {
  process.stdout.write(
    `${machine.processor}, ${machine.cores} cores, ${machine.memory_gib} GiB, Node ${machine.node}\n`,
  );
  for (const rows of [driver, text, engine])
    if (rows.length > 0) process.stdout.write(`\n${formatTable(rows)}\n`);
}

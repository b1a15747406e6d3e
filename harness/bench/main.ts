// `make bench`: the driver, then the engine; a table, or JSON with --json.

import '../../engines/onnxruntime/telemetry-off.js';
import { cpus, totalmem } from 'node:os';
import { benchDriver } from './driver.js';
import { benchEngine } from './engine.js';
import { formatTable } from './table.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const machine = {
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memory_gib: Math.round(totalmem() / 2 ** 30),
  node: process.version,
};
const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length);
const driver = only === 'engine' ? [] : await benchDriver(say);
const engine = only === 'driver' ? [] : await benchEngine(say);

if (process.argv.includes('--json'))
  process.stdout.write(`${JSON.stringify({ machine, driver, engine }, null, 2)}\n`);
else {
  process.stdout.write(
    `${machine.processor}, ${machine.cores} cores, ${machine.memory_gib} GiB, Node ${machine.node}\n`,
  );
  for (const rows of [driver, engine]) if (rows.length > 0) process.stdout.write(`\n${formatTable(rows)}\n`);
}

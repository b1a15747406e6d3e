// Capturing: commands that hang, fail or are not there, and this very machine.

import { expect, test } from 'vitest';
import { captureMachine, runCommand } from '../../systems/capture.js';
import { describeMachine } from '../../systems/machine.js';
import { systemDescriptionSchema } from '../../systems/schema.js';

test('a command that hangs is given up after its time', async () => {
  const output = await runCommand(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], 50);
  expect(output.outcome).toBe('timed_out');
});

test('a command that fails keeps its code and what it printed', async () => {
  const script = 'console.log("No devices were found"); process.exitCode = 6';
  expect(await runCommand(process.execPath, ['-e', script], 60_000)).toEqual({
    outcome: 'failed',
    exit_code: 6,
    stdout: 'No devices were found\n',
    stderr: '',
  });
});

test('a command that is not there is missing, not an error', async () => {
  expect((await runCommand('no-such-command-here', [], 60_000)).outcome).toBe('missing');
});

test('this machine can be captured and described', async () => {
  const { system } = describeMachine(await captureMachine());
  expect(systemDescriptionSchema.parse(system)).toEqual(system);
});

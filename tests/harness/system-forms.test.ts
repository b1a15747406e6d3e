// Machine descriptions beside the results.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SetupError } from '../../configs/errors.js';
import { parseFlags } from '../../harness/flags.js';
import { resolveFlags } from '../../harness/resolve-flags.js';
import { writeSystemForms } from '../../harness/system-forms.js';
import { describeMachine } from '../../systems/machine.js';
import { temporaryFolder } from '../built.js';
import { capturedMachine } from '../systems/captured-machines.js';

const machine = describeMachine(capturedMachine('h200x2'));
const line = parseFlags(['--scenarios=Offline', '--system=H200-SXM-141GBx8']);
if (line.kind !== 'run') throw new Error('flags of a run');
const { configs } = resolveFlags(line.flags, { system: machine.system, useGpus: 'TensorRT is not there.' });

test('a call writes one for each system that its results are filed under', () => {
  const folder = temporaryFolder();
  writeSystemForms(configs, { folder, machine, system: machine.system });
  expect(readdirSync(join(folder, 'systems'))).toEqual(['H200-SXM-141GBx8.json']);
  const form = JSON.parse(readFileSync(join(folder, 'systems/H200-SXM-141GBx8.json'), 'utf8')) as unknown;
  expect(form).toMatchObject({
    system_name: 'H200-SXM-141GBx8',
    accelerator_model_name: 'NVIDIA H200',
    framework: 'TensorRT',
  });
});

test('what the own file of a machine says stands in its form', () => {
  const folder = temporaryFolder();
  const system = { ...machine.system, host_processor_model_name: 'Intel Xeon 8480C' };
  writeSystemForms(configs, { folder, machine, system });
  const form = readFileSync(join(folder, 'systems/H200-SXM-141GBx8.json'), 'utf8');
  expect(form).toContain('"host_processor_model_name": "Intel Xeon 8480C"');
});

test('a folder that cannot be made is a setup error with what to do', () => {
  const write = () => writeSystemForms(configs, { folder: '/dev/null', machine, system: machine.system });
  expect(write).toThrow(SetupError);
  expect(write).toThrow(/cannot write .*systems: .*mend its permissions/);
});

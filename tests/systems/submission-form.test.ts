// systems/<system_id>.json as the submission checkers read it.

import { describe, expect, test } from 'vitest';
import { describeMachine } from '../../systems/machine.js';
import { openKeys, submissionForm } from '../../systems/submission-form.js';
import type { SubmissionNames } from '../../systems/submission-form.js';
import { bareMachine, capturedMachine } from './captured-machines.js';
import { constructedBoard, constructedMachine, slicedA30 } from './constructed-machines.js';

// The checkers of rounds v3.1 … v6.1: present and not empty; present.
const required = `division submitter status system_type system_name number_of_nodes host_processor_model_name
  host_processors_per_node host_processor_core_count host_memory_capacity host_memory_configuration host_storage_capacity
  host_storage_type host_networking host_networking_topology host_network_card_count accelerators_per_node
  accelerator_model_name accelerator_memory_capacity accelerator_memory_configuration accelerator_host_interconnect
  accelerator_interconnect cooling framework operating_system other_software_stack`.split(/\s+/);
const mayBeEmpty =
  `system_type_detail host_processor_frequency host_processor_caches host_processor_interconnect
  accelerator_frequency accelerator_interconnect_topology accelerator_on-chip_memories hw_notes sw_notes`.split(
    /\s+/,
  );

const names: SubmissionNames = {
  division: 'closed',
  submitter: 'Someone',
  status: 'available',
  system_name: 'box',
  framework: 'loadrig, onnxruntime',
};

describe.each([
  ['the captured H100', capturedMachine('h100')],
  ['the captured two H200', capturedMachine('h200x2')],
  ['constructed slices of an A30', constructedMachine([slicedA30])],
  ['a constructed Xavier', constructedBoard('Jetson-AGX', 'tegra194', 32_692_952)],
  ['a machine that shows nothing', bareMachine],
])('the form of %s', (_name, captured) => {
  const form = submissionForm(describeMachine(captured), names);

  test('has every key of the rules and no other', () => {
    expect(Object.keys(form).sort()).toEqual([...required, ...mayBeEmpty].sort());
  });

  test.each(required)('says something for %s', (key) => {
    expect(form[key]).not.toBe('');
    expect(form[key]).not.toBe(0);
  });

  test('has whole numbers where checkers read numbers', () => {
    expect(Number.isInteger(Number(form['number_of_nodes']))).toBe(true);
    expect(Number.isInteger(Number(form['accelerators_per_node']))).toBe(true);
  });
});

test('the form of two H200 is filled from what was captured', () => {
  expect(submissionForm(describeMachine(capturedMachine('h200x2')), names)).toMatchObject({
    accelerators_per_node: 2,
    accelerator_model_name: 'NVIDIA H200',
    accelerator_memory_capacity: '140 GiB',
    accelerator_host_interconnect: 'PCIe Gen5 x16',
    accelerator_interconnect: 'NVLink (NV18)',
    accelerator_frequency: '1980 MHz',
    host_memory_capacity: '252 GiB',
    system_type: 'datacenter',
  });
});

test('slices and boards are named as such', () => {
  const slices = submissionForm(describeMachine(constructedMachine([slicedA30])), names);
  expect(slices['accelerator_model_name']).toBe('NVIDIA A30 (4x 1g.6gb MIG)');
  const board = submissionForm(
    describeMachine(constructedBoard('Jetson-AGX', 'tegra194', 32_692_952)),
    names,
  );
  expect(board).toMatchObject({
    system_type: 'edge',
    accelerators_per_node: 1,
    accelerator_model_name: 'Jetson-AGX',
    accelerator_memory_configuration: 'shared with the host',
  });
});

test('what a person must fill in is listed', () => {
  const form = submissionForm(describeMachine(capturedMachine('h100')), names);
  expect(openKeys(form)).toEqual([
    'host_memory_configuration',
    'host_storage_capacity',
    'host_storage_type',
    'cooling',
  ]);
});

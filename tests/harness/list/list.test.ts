// loadrig list: the tables, and docs/systems.md, which must be what the files give.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openCatalogue } from '../../../harness/gpu-systems.js';
import { systemsPage } from '../../../harness/list/systems-page.js';
import { scenarioTable, systemTable, tableText, variantTable } from '../../../harness/list/tables.js';

const catalogue = openCatalogue('.');

test('docs/systems.md is what the files give: otherwise run `make docs`', () => {
  expect(readFileSync('docs/systems.md', 'utf8')).toBe(systemsPage('.'));
});

test('every system is listed with its GPUs, rounds and submitted rows', () => {
  const table = systemTable(catalogue);
  expect(table).toHaveLength(catalogue.systems.size);
  expect(table.find(({ system_id }) => system_id === 'A100-PCIe-80GBx8')).toEqual({
    system_id: 'A100-PCIe-80GBx8',
    accelerator: 'A100-PCIe-80GB',
    accelerators_per_node: 8,
    host: 'x64',
    scenarios: 'Offline, Server',
    variants: 12,
    rounds: 'v3.0, v4.1',
    submitted: 12,
    note: '',
  });
});

test('every variant is listed with its parts', () => {
  expect(variantTable(catalogue).slice(0, 3)).toEqual([
    {
      config_ver: 'default',
      benchmark: 'bert-99',
      accuracy_target: 'k_99',
      power_setting: 'MaxP',
      harness_type: 'custom',
      in_all: true,
      systems: 74,
    },
    {
      config_ver: 'high_accuracy',
      benchmark: 'bert-99.9',
      accuracy_target: 'k_99_9',
      power_setting: 'MaxP',
      harness_type: 'custom',
      in_all: true,
      systems: 70,
    },
    {
      config_ver: 'triton',
      benchmark: 'bert-99',
      accuracy_target: 'k_99',
      power_setting: 'MaxP',
      harness_type: 'triton',
      in_all: false,
      systems: 62,
    },
  ]);
});

test('a table is aligned: numbers to the right, the rest to the left', () => {
  expect(
    tableText([
      { name: 'a', count: 5, isThere: true },
      { name: 'long', count: 12_345, isThere: false },
    ]),
  ).toBe('name  count  isThere\na         5  yes\nlong  12345  no\n');
});

test('the four scenarios are listed with what sizes them', () => {
  expect(scenarioTable(catalogue.gpuConfigs).map(({ scenario, target }) => [scenario, target])).toEqual([
    ['SingleStream', 'single_stream_expected_latency_ns'],
    ['MultiStream', 'multi_stream_expected_latency_ns'],
    ['Server', 'server_target_qps'],
    ['Offline', 'offline_expected_qps'],
  ]);
});

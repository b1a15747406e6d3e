// Bad config files: each mistake is named with file and key, all at once.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkBenchmarkConfig, checkSystemConfigs } from '../../configs/check-file.js';
import { configJsonSchema } from '../../configs/config-file.js';
import { ConfigError } from '../../configs/errors.js';
import { loadBenchmarkConfigs, loadSavedConfig, loadSystemFile } from '../../configs/load.js';
import { systemFileSchema } from '../../systems/schema.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'loadrig-configs-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function write(file: string, content: unknown): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), typeof content === 'string' ? content : JSON.stringify(content));
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('nothing was wrong');
}

const server = (settings: object, config_ver: object = {}) =>
  checkBenchmarkConfig(
    { benchmark: 'bert', scenario: 'Server', settings, config_ver },
    'c.json',
    'bert',
    'Server',
  );

test('the shipped files are right', () => {
  const files = loadBenchmarkConfigs('.', 'bert', ['Offline', 'Server', 'SingleStream', 'MultiStream']);
  expect(files.map(({ file }) => file)).toContain('configs/bert/Offline/config.json');
});

test('all mistakes of a file come at once, with file and key', () => {
  const message = messageOf(() =>
    server(
      {
        server_target_latency_ns: -1,
        server_target_qp: 5,
        server_target_latency_percentile: 1,
        batch_size: '4',
        precision: { value: 'int4', label: 'published' },
        min_duration_ms: { value: 600000, label: 'rumoured' },
        max_duration_ms: { value: 0, lable: 'derived' },
        offline_expected_qps: 3,
        quick: true,
        min_query_count: 1.5,
        qsl_rng_seed: '12x',
        probe: 'yes',
      },
      { high_accuracy: { precison: 'fp32' } },
    ),
  );
  expect(message).toMatchInlineSnapshot(`
    "c.json: settings.server_target_latency_ns must be greater than 0, got -1
    c.json: settings: unknown key "server_target_qp"; did you mean "server_target_qps"?
    c.json: settings.server_target_latency_percentile must be less than 1, got 1
    c.json: settings.batch_size must be a number, got "4"
    c.json: settings.precision must be fp32, fp16, int8, bf16 or fp8, got "int4"
    c.json: settings.min_duration_ms: label must be one of published, measured, derived, guessed, got "rumoured"
    c.json: settings.max_duration_ms: unknown key "lable"; did you mean "label"?
    c.json: settings: "offline_expected_qps" belongs to Offline, this block is for Server
    c.json: settings: unknown key "quick"
    c.json: settings.min_query_count must be a whole number, got 1.5
    c.json: settings.qsl_rng_seed must be a whole number from 0 to 2^64 - 1 in decimal digits (in JSON: in quotes), got "12x"
    c.json: settings.probe must be true or false, got "yes"
    c.json: config_ver.high_accuracy: unknown key "precison"; did you mean "precision"?"
  `);
});

test('mistakes of several files come at once', () => {
  write('configs/bert/Offline/config.json', '{ "benchmark": ');
  write('configs/bert/Server/config.json', { benchmark: 'bert', scenario: 'Offline', setings: {} });
  write('configs/bert/MultiStream/config.json', { benchmark: 'bert', scenario: 'Offline' });
  const message = messageOf(() =>
    loadBenchmarkConfigs(root, 'bert', ['Offline', 'Server', 'SingleStream', 'MultiStream']),
  );
  expect(message).toContain('configs/bert/Offline/config.json: not JSON');
  expect(message).toContain(
    'configs/bert/Server/config.json: unknown key "setings"; did you mean "settings"?',
  );
  expect(message).toContain('configs/bert/SingleStream/config.json: no such file');
  expect(message).toContain(
    'configs/bert/MultiStream/config.json: is for Offline, but its folder is for MultiStream',
  );
});

test.each([
  ['[]', 'the file must be an object'],
  ['null', 'the file must be an object'],
  ['{"benchmark":"resnet50","scenario":"Offline"}', 'benchmark must be bert, got "resnet50"'],
  ['{"benchmark":"bert","scenario":"Offline","settings":[]}', 'settings must be an object'],
])('%s: %s', (text, message) => {
  write('configs/bert/Offline/config.json', text);
  expect(messageOf(() => loadBenchmarkConfigs(root, 'bert', ['Offline']))).toContain(message);
});

describe('a system file', () => {
  const load = (systemFile?: string) => loadSystemFile(root, 'My_1x_CPU', systemFile, systemFileSchema);

  test('is not needed', () => {
    expect(load()).toBeUndefined();
  });

  test('is found by the id, or by its path', () => {
    const content = {
      system_id: 'My_1x_CPU',
      configs: { bert: { Server: { settings: { server_target_qps: { value: 12, label: 'measured' } } } } },
    };
    write('systems/My_1x_CPU.json', content);
    write('elsewhere.json', { ...content, system_id: 'Other' });
    expect(load()?.configs.file).toBe('systems/My_1x_CPU.json');
    expect(load()?.configs.blocks[0]?.settings.get('server_target_qps')).toEqual({
      value: 12,
      label: 'measured',
    });
    expect(load(join(root, 'elsewhere.json'))?.description.system_id).toBe('Other');
  });

  test('that a flag names must exist', () => {
    expect(messageOf(() => load(join(root, 'none.json')))).toContain('none.json: no such file');
  });

  test('is checked as a config file is', () => {
    const message = messageOf(() =>
      checkSystemConfigs(
        { brt: {}, bert: { Sever: {}, Server: { settings: { batch_sise: 1 } }, Offline: { setting: {} } } },
        'systems/x.json',
      ),
    );
    expect(message.split('\n')).toEqual([
      'systems/x.json: unknown key "configs.brt"; did you mean "bert"?',
      'systems/x.json: unknown key "configs.bert.Sever"; did you mean "Server"?',
      'systems/x.json: configs.bert.Server.settings: unknown key "batch_sise"; did you mean "batch_size"?',
      'systems/x.json: unknown key "configs.bert.Offline.setting"; did you mean "settings"?',
    ]);
    write('systems/My_1x_CPU.json', { system_id: 'My_1x_CPU', host_procesor_vendor: 'x' });
    expect(messageOf(() => load())).toContain('did you mean "host_processor_vendor"?');
  });
});

test('a saved config that is not there is named', () => {
  expect(messageOf(() => loadSavedConfig(join(root, 'config.json')))).toContain('config.json: no such file');
});

test('the JSON Schema knows every setting with its sentence', () => {
  const schema = configJsonSchema() as {
    properties: {
      settings: { properties: Record<string, { description: string }>; additionalProperties: boolean };
    };
  };
  const { properties, additionalProperties } = schema.properties.settings;
  expect(additionalProperties).toBe(false);
  expect(Object.keys(properties)).toEqual(
    expect.arrayContaining(['server_target_qps', 'batch_size', 'qsl_rng_seed', 'min_duration_ms']),
  );
  expect(Object.values(properties).every(({ description }) => description.length > 10)).toBe(true);
  expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
});

// Every system of NVIDIA's published configurations resolves to the values that were published for it.

import { describe, expect, test } from 'vitest';
import { loadBenchmarkConfigs } from '../../configs/load.js';
import { resolveConfigs } from '../../configs/resolve.js';
import { targetKeys } from '../../configs/schema.js';
import { configVers } from '../../configs/variants.js';
import { systemOf } from '../../harness/choose-system.js';
import { openCatalogue } from '../../harness/gpu-systems.js';
import type { BenchmarkConfig } from '../../configs/benchmark-config.js';
import { groupBy, publishedRows, rowsThatCount } from '../published-rows.js';
import type { CsvRow } from '../published-rows.js';
import { cpuMachine } from '../fakes/machines.js';
import { flagsOf } from './flags-of.js';

const catalogue = openCatalogue('.');
const benchmarkConfigs = loadBenchmarkConfigs('.', 'bert', ['Offline', 'Server', 'SingleStream']);
const rows = rowsThatCount(publishedRows());

/** Rows that resolve to something else, with the reason. Other columns of the publication have no setting here: those of
 * Triton's own queues (deque_timeout_usec, max_queue_delay_usec, …), clocks of Jetson boards, keys without effect on BERT,
 * and min_query_count=24576 of v0.7, which the rules lowered to 10833 in v4.0. */
const exceptions: readonly { readonly systems: RegExp; readonly reason: string }[] = [
  {
    systems: /^V100S-PCIE-32GBx/,
    reason:
      'an untouched copy of the A100-PCIe values (int8, batch 1024), never run: the kernels refuse sm_70. Derived instead: padded, fp16.',
  },
];
const runOf = (row: CsvRow) => [row['system_id'], row['scenario'], row['config_ver']].join(' ');
const isException = (row: CsvRow) => exceptions.some(({ systems }) => systems.test(row['system_id'] ?? ''));

/** Setting → column; a cell that is empty says nothing. */
const columns = {
  batch_size: 'gpu_batch_size',
  max_seq_length: 'seq_len_max',
  bert_opt_seqlen: 'bert_opt_seqlen',
  gpu_copy_streams: 'gpu_copy_streams',
  gpu_inference_streams: 'gpu_inference_streams',
  offline_expected_qps: 'offline_expected_qps',
  server_target_qps: 'server_target_qps',
  single_stream_expected_latency_ns: 'single_stream_expected_latency_ns',
  soft_drop: 'soft_drop',
  use_graphs: 'use_graphs',
  graphs_max_seqlen: 'graphs_max_seqlen',
  graph_specs: 'graph_specs',
  server_num_issue_query_threads: 'server_num_issue_query_threads',
  active_sms: 'active_sms',
  workspace_size: 'workspace_size',
  enable_interleaved: 'enable_interleaved',
  use_small_tile_gemm_plugin: 'use_small_tile_gemm_plugin',
  gemm_plugin_fairshare_cache_size: 'gemm_plugin_fairshare_cache_size',
  power_limit: 'power_limit_w',
  vboost_slider: 'vboost_slider',
} as const;

const resolved = new Map<string, BenchmarkConfig>();

/** What the row's system, scenario and variant resolve to. */
function resolveRow(row: CsvRow): BenchmarkConfig {
  const known = resolved.get(runOf(row));
  if (known !== undefined) return known;
  const { forConfigs } = systemOf(catalogue, row['system_id'] ?? '', cpuMachine);
  const flags = flagsOf(`--scenarios=${row['scenario']}`, `--config_ver=${row['config_ver']}`);
  const [config] = resolveConfigs({ flags, benchmarkConfigs, system: forConfigs });
  if (config === undefined) throw new Error('nothing resolved');
  resolved.set(runOf(row), config);
  return config;
}

const sameRow = (a: CsvRow, b: CsvRow) => runOf(a) === runOf(b) && a['round'] === b['round'];

/** `batch_size 64, published 1024`: where a resolved run differs from its row. */
function differences(row: CsvRow, config: BenchmarkConfig): string[] {
  const values: Readonly<Record<string, unknown>> = { ...config.loadgen, ...config.settings };
  const precision = row['use_fp8'] === 'true' ? 'fp8' : row['precision'];
  const ofPrecision =
    precision === '' || precision === config.settings.precision
      ? []
      : [`precision ${config.settings.precision}, published ${precision}`];
  const others = Object.entries(columns).flatMap(([setting, column]) => {
    const said = row[column] ?? '';
    const value = String(values[setting]);
    const isSame = value === said || (said !== '' && Number(value) === Number(said));
    return said === '' || isSame ? [] : [`${setting} ${value}, published ${said}`];
  });
  return [...ofPrecision, ...others];
}

test('the publication has 81 systems and 899 runs of them', () => {
  expect(new Set(rows.map((row) => row['system_id'])).size).toBe(81);
  expect(rows).toHaveLength(899);
});

const compared = rows.filter((row) => !isException(row));

describe.each([...groupBy(compared, (row) => row['system_id'] ?? '')])('%s', (_, ofSystem) => {
  test('resolves to what was published, for every scenario and variant', () => {
    const wrong = ofSystem.flatMap((row) =>
      differences(row, resolveRow(row)).map((text) => `${row['scenario']} ${row['config_ver']}: ${text}`),
    );
    expect(wrong).toEqual([]);
  });

  test('calls published what the row says, and nothing else', () => {
    const wrong = ofSystem.flatMap((row) => {
      const { provenance } = resolveRow(row);
      return Object.entries(columns).flatMap(([setting, column]) => {
        const { label, origin } = provenance[setting] ?? {};
        // A default is what it is without anybody's word; where it is also the row's, the two are equal.
        const isRight = origin === 'default' || (label === 'published') === (row[column] !== '');
        return isRight ? [] : [`${runOf(row)}: ${setting} is ${label ?? 'not labelled'}`];
      });
    });
    expect(wrong).toEqual([]);
  });

  test('puts no sample off where a row leaves soft_drop to its harness', () => {
    for (const row of ofSystem.filter((each) => each['soft_drop'] === '' && each['precision'] !== ''))
      expect(resolveRow(row).settings.soft_drop, runOf(row)).toBe(1);
  });

  test('says which round a value stands in, and what was submitted with it', () => {
    for (const row of ofSystem) {
      const { scenario, provenance } = resolveRow(row);
      const { label, note } = provenance[targetKeys[scenario]] ?? {};
      expect(label).toBe('published');
      expect(note).toContain(`${row['round']}, `);
      expect(note).toContain(
        row['result'] === '' ? 'a placeholder until proven' : `submitted ${Number(row['result'])}`,
      );
    }
  });
});

test('each of the 2313 rows is equal to what its run resolves to, another round of a run that counts, or an exception', () => {
  const kinds = groupBy(publishedRows(), (row) => {
    if (isException(row)) return 'exception';
    if (differences(row, resolveRow(row)).length === 0) return 'equal';
    const isOld = !rows.some((each) => sameRow(each, row)) && rows.some((each) => runOf(each) === runOf(row));
    return isOld ? 'another round counts' : 'unaccounted';
  });
  expect(Object.fromEntries([...kinds].map(([kind, ofKind]) => [kind, ofKind.length])))
    .toMatchInlineSnapshot(`
    {
      "another round counts": 173,
      "equal": 2100,
      "exception": 40,
    }
  `);
});

test.each(
  rows.filter(isException).map((row) => [`${row['system_id']} ${row['scenario']} ${row['config_ver']}`, row]),
)('%s, an exception, is derived: padded fp16', (_, row) => {
  const { settings, provenance } = resolveRow(row);
  expect(settings).toMatchObject({ precision: 'fp16', variable_length: false });
  for (const key of ['precision', 'variable_length', 'batch_size'])
    expect(provenance[key]).toMatchObject({ label: 'derived' });
});

test('every system that is listed as published is in the publication, with the same variants', () => {
  const inFiles = [...catalogue.systems.values()].flatMap(({ description, configs }) =>
    configs.blocks.flatMap(({ scenario, published }) =>
      configVers
        .filter((ver) => published[ver] !== undefined)
        .map((ver) => `${description.system_id} ${scenario} ${ver}`),
    ),
  );
  const inPublication = compared.map(runOf);
  expect(inFiles.sort()).toEqual(inPublication.sort());
});

// loadrig explain: where a value came from, and what each layer said.

import { expect, test } from 'vitest';
import { explainSetting, explanationText } from '../../configs/explain.js';
import { loadBenchmarkConfigs } from '../../configs/load.js';
import { scenarios } from '../../configs/test-settings.js';
import { chooseSystem } from '../../harness/choose-system.js';
import { cpuMachine } from '../fakes/machines.js';
import { flagsOf } from './flags-of.js';

const benchmarkConfigs = loadBenchmarkConfigs('.', 'bert', scenarios);

function explain(key: string, ...argv: readonly string[]): string {
  const flags = flagsOf(...argv);
  const { forConfigs } = chooseSystem('.', flags.selection, cpuMachine, true);
  return explanationText(explainSetting({ flags, benchmarkConfigs, system: forConfigs }, key));
}

test('every layer that says something is shown, and the last one wins', () => {
  expect(explain('server_target_qps', '--system=T4x20', '--scenarios=Server', '--config_ver=high_accuracy'))
    .toMatchInlineSnapshot(`
      "server_target_qps = 3650 queries/s    T4x20, Server, config_ver high_accuracy
        Server: mean rate of the Poisson arrivals, queries (= samples) per second.
        from systems/T4x20.json; published: v0.7, submitted 3646.73 samples/s
        what the layers say, the last one wins:
          configs/bert/Server/gpus.json#T4                            7750
          configs/bert/Server/gpus.json#T4, config_ver high_accuracy  3550
          systems/T4x20.json                                          7600
          systems/T4x20.json, config_ver high_accuracy                3650  (published: v0.7, submitted 3646.73 samples/s)
        nothing is said by: default, --system, rules v4.1, configs/bert/Server/config.json, configs/bert/Server/gpus.json#gpu, configs/bert/Server/gpus.json#Turing, systems/T4x8.json, flag
      "
    `);
});

test('a flag that replaces a rule leaves the rule to be seen', () => {
  expect(explain('min_duration', '--quick', '--scenarios=Offline')).toMatchInlineSnapshot(`
    "min_duration_ms = 10000 ms    Test_1x_CPU, Offline, config_ver default
      Least duration of the run in ms.
      from flag; --quick
      what the layers say, the last one wins:
        default     10000
        rules v4.1  600000  (published)
        flag        10000  (--quick)
      nothing is said by: configs/bert/Offline/config.json
    "
  `);
});

test('what is derived says from what', () => {
  expect(explain('instances', '--scenarios=SingleStream')).toMatchInlineSnapshot(`
    "instances = 1    Test_1x_CPU, SingleStream, config_ver default
      Sessions side by side.
      from detected; derived: 8 cores
      no layer says anything
      nothing is said by: default, rules v4.1, configs/bert/SingleStream/config.json, flag
    "
  `);
});

test('a target that nobody gave is still to be measured', () => {
  expect(explain('offline_expected_qps', '--scenarios=Offline')).toMatchInlineSnapshot(`
    "offline_expected_qps = to be measured by a probe before the run    Test_1x_CPU, Offline, config_ver default
      Offline: expected samples (not queries) per second; sizes the one query.
      no layer says anything
      nothing is said by: default, rules v4.1, configs/bert/Offline/config.json, flag
    "
  `);
});

test('a setting without effect says so', () => {
  expect(explain('use_graphs', '--scenarios=Offline')).toContain(
    'It has no effect on Offline with engine onnxruntime.',
  );
});

test.each([
  [
    'server_target_qbs',
    'there is no setting "server_target_qbs" (loadrig --help shows them all); did you mean "server_target_qps"?',
  ],
  ['quiet', 'quiet is a flag alone'],
])('%s is refused', (key, message) => {
  expect(() => explain(key)).toThrow(message);
});

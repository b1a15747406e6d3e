// docs/systems.md: each GPU's resolved settings with what they rest on, made from the files that a run uses.
// `loadrig list systems --markdown` prints it; a test fails when the file is stale.

import type { BenchmarkConfig } from '../../configs/benchmark-config.js';
import { loadBenchmarkConfigs } from '../../configs/load.js';
import { resolveConfigs } from '../../configs/resolve.js';
import { targetKeys } from '../../configs/schema.js';
import { selectionSchema } from '../../configs/selection.js';
import type { Flags } from '../../configs/schema.js';
import { scenarios } from '../../configs/test-settings.js';
import { allConfigVers, configVers } from '../../configs/variants.js';
import { gpuModels } from '../../systems/match.js';
import type { ListedSystem } from '../../configs/catalogue.js';
import type { GpuModel } from '../../systems/match.js';
import type { SystemFile } from '../../systems/schema.js';
import { listedGpus, openCatalogue, unlistedGpus } from '../gpu-systems.js';
import type { GpuSystem, SystemCatalogue } from '../gpu-systems.js';
import { resultOf, systemTable } from './tables.js';

/** The page, whole. */
export function systemsPage(root: string): string {
  const catalogue = openCatalogue(root);
  const benchmarkConfigs = loadBenchmarkConfigs(root, 'bert', scenarios);
  const resolve: Resolve = (gpus) => {
    if (gpus === undefined) throw new Error('a GPU of the page is neither known nor described');
    const engine = { name: 'tensorrt', origin: '--system' } as const;
    const system = { system_id: gpus.system_id, available_cores: 1, gpus, engine };
    return resolveConfigs({ flags: flagsOfPage, benchmarkConfigs, system });
  };
  const models = gpuModels(catalogue.gpus);
  return [
    introduction,
    ...models.map((model) => gpuSection(model, catalogue, resolve)),
    systemsSection(catalogue),
    doubtsSection(catalogue),
    addingSection(catalogue, resolve),
  ].join('\n');
}

const flagsOfPage: Flags = {
  selection: selectionSchema.parse({ scenarios: [...scenarios], config_ver: [...allConfigVers] }),
  overrides: {},
};

type Resolve = (gpus: GpuSystem | undefined) => readonly BenchmarkConfig[];

const introduction = `# GPUs and systems

<!-- Made by: loadrig list systems --markdown > docs/systems.md (make docs) -->

What this program would run on each GPU, for both accuracy targets and all scenarios, and what every value rests on:

| label | meaning |
|---|---|
| published | stands in the configuration of a submission for this very system; the note says which round, and what was submitted with it, or that nothing was |
| measured | measured on this machine, by a probe |
| derived | follows from published values: by the number of GPUs, by the architecture, by the memory |
| guessed | a target taken over from another GPU; a run measures it first, unless \`--no-probe\` forbids that |

**Which round counts.** A system stands in up to seven rounds (v0.7 to v4.1). For each scenario and variant the last round with
a submitted result counts; where nobody submitted, the last round. Values of other rounds are not kept.

**Where values come from.** Schema defaults < \`configs/bert/<Scenario>/config.json\` < \`configs/bert/<Scenario>/gpus.json\`, from
the family to the GPU (\`systems/gpu-models.json\` says what belongs to what) < \`systems/<system id>.json\`, after those it extends
< flags. A target in \`gpus.json\` is that of one GPU and is multiplied by their number; a MIG slice counts as a GPU.
\`loadrig explain KEY --system=ID\` shows every step for one value.

**Which engine.** All these settings are for engine \`tensorrt\`. \`--system=ID\`, a \`--system_file\` with an \`accelerator\` and a machine
with GPUs on which TensorRT starts choose it; elsewhere a run uses engine \`onnxruntime\` on the CPU, and a machine with GPUs says why.

**Which model.** Targets, batch sizes and memory are those of BERT-Large, fine-tuned on SQuAD 1.1 (\`loadrig fetch mlperf-pytorch\`). With
another \`--model=DIR\` the targets are guesses, and a run measures them first.
`;

const columns = [
  'scenario',
  'benchmark',
  'precision',
  'batch',
  'copy/inference streams',
  'graphs',
  'these are',
  'target',
  'which is',
];

function gpuSection(model: GpuModel, catalogue: SystemCatalogue, resolve: Resolve): string {
  const system_id = representative(model, catalogue);
  const gpus =
    system_id === undefined
      ? unlistedGpus(catalogue, { model: model.name, count: 1 })
      : listedGpus(catalogue, system_id);
  const configs = resolve(gpus);
  const [first] = configs;
  const count = first?.accelerators_per_node ?? 1;
  const facts = [
    `${model.architecture}, compute capability ${model.compute_capability.toFixed(1)}`,
    `${model.memory_gib} GiB`,
    ...(model.note === undefined ? [] : [model.note]),
  ].join('; ');
  return [
    `## ${model.name}`,
    '',
    `${facts}. Shown for ${system_id === undefined ? `1 × ${model.name}, which is not listed` : `${system_id} (${count} × ${model.name})`}.`,
    '',
    tableOf(columns, configs.map(rowOf)),
  ].join('\n');
}

/** The smallest listed machine with the GPU; of those that detection finds and that were submitted, where there are any. */
function representative(model: GpuModel, { systems }: SystemCatalogue): string | undefined {
  const rankOf = ({ description, configs }: ListedSystem<SystemFile>): readonly number[] => [
    Number(description.detectable === false),
    Number(!configs.blocks.some(({ published }) => Object.values(published).some(resultOf))),
    Number(description.architecture === 'arm64'),
    description.accelerators_per_node ?? 0,
  ];
  const having = [...systems.values()]
    .filter(({ description }) => description.accelerator === model.name)
    .map((system) => ({ system_id: system.description.system_id, rank: rankOf(system) }))
    .sort((a, b) => {
      const place = a.rank.findIndex((value, index) => value !== b.rank[index]);
      return place < 0 ? 0 : (a.rank[place] ?? 0) - (b.rank[place] ?? 0);
    });
  return having[0]?.system_id;
}

function rowOf({ scenario, benchmark_full, settings, provenance }: BenchmarkConfig): readonly string[] {
  const target = provenance[targetKeys[scenario]];
  const graphs = settings.use_graphs ? `≤ ${settings.graphs_max_seqlen}` : 'no';
  const padded = settings.variable_length ? '' : ', padded';
  return [
    scenario,
    benchmark_full,
    `${settings.precision}${padded}`,
    String(settings.batch_size),
    `${settings.gpu_copy_streams}/${settings.gpu_inference_streams}`,
    graphs,
    labelsOf(provenance),
    target === undefined ? 'to be measured' : valueText(Number(target.value), scenario),
    target === undefined ? '' : [target.label ?? '', target.note ?? ''].filter(Boolean).join(': '),
  ];
}

function valueText(value: number, scenario: BenchmarkConfig['scenario']): string {
  return scenario === 'SingleStream' || scenario === 'MultiStream'
    ? `${Number((value / 1e6).toPrecision(4))} ms`
    : `${Number(value.toPrecision(6))} /s`;
}

/** The labels of the settings that a GPU decides. */
function labelsOf(provenance: BenchmarkConfig['provenance']): string {
  const keys = ['precision', 'batch_size', 'gpu_copy_streams', 'gpu_inference_streams', 'use_graphs'];
  return [...new Set(keys.map((key) => provenance[key]?.label ?? 'default'))].join(', ');
}

function systemsSection(catalogue: SystemCatalogue): string {
  const table = systemTable(catalogue).filter(
    ({ accelerators_per_node }) => Number(accelerators_per_node) > 0,
  );
  const head = ['system id', 'GPUs', 'host', 'variants', 'rounds', 'submitted rows', 'note'];
  const rows = table.map((row) => [
    String(row['system_id']),
    `${String(row['accelerators_per_node'])} × ${String(row['accelerator'])}`,
    String(row['host']),
    String(row['variants']),
    String(row['rounds']),
    String(row['submitted']),
    String(row['note']),
  ]);
  return ['## All systems', '', tableOf(head, rows)].join('\n');
}

/** Published rows that contradict their own log, or themselves. */
function doubtsSection({ systems }: SystemCatalogue): string {
  const rows = [...systems.values()].flatMap(({ description, configs }) =>
    configs.blocks.flatMap(({ scenario, published }) =>
      configVers.flatMap((ver) => {
        const row = published[ver];
        return row?.note === undefined
          ? []
          : [
              [
                description.system_id,
                scenario,
                ver,
                row.round,
                resultOf(row) === undefined ? 'no' : 'yes',
                row.note,
              ],
            ];
      }),
    ),
  );
  return [
    '## Published rows to distrust',
    '',
    'They resolve as they were published, with this note. Every other row without a submitted result is a placeholder until proven.',
    '',
    tableOf(['system id', 'scenario', 'config_ver', 'round', 'submitted', 'what is wrong'], rows),
  ].join('\n');
}

function addingSection(catalogue: SystemCatalogue, resolve: Resolve): string {
  const example = {
    system_id: 'RTX-6000-Adax2',
    accelerator: 'RTX-6000-Ada',
    accelerators_per_node: 2,
    accelerator_compute_capability: 8.9,
    accelerator_memory_gib: 48,
  } as const;
  const configs = resolve(
    unlistedGpus(catalogue, {
      model: example.accelerator,
      count: example.accelerators_per_node,
      compute_capability: example.accelerator_compute_capability,
      memory_gib: example.accelerator_memory_gib,
    }),
  );
  return [
    '## Adding a machine or a GPU',
    '',
    'A machine is one JSON file, in `systems/` or anywhere with `--system_file=FILE`:',
    '',
    fenced(JSON.stringify(example, null, 2)),
    '',
    'That is enough: every other value comes from the nearest GPU (by compute capability, then memory), with its label:',
    '',
    tableOf(columns, configs.map(rowOf)),
    'A GPU that several machines have is one block in `systems/gpu-models.json`, named by what nvidia-smi prints; machines with it then',
    'need no file at all. Values of its own go into `configs/bert/<Scenario>/gpus.json` under the same name, and only those that differ:',
    '',
    fenced(
      '"RTX-6000-Ada": { "extends": "L40", "architecture": "Ada", "compute_capability": 8.9, "memory_gib": 48, "names": ["RTX 6000 Ada Generation"] }',
    ),
    '',
    fenced('"RTX-6000-Ada": { "settings": { "offline_expected_qps_per_gpu": 3000 } }'),
    '',
  ].join('\n');
}

const fenced = (json: string) => `\`\`\`json\n${json}\n\`\`\``;

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line), ''].join('\n');
}

// Models and data sets known by name: those that the MLPerf rules, NVIDIA's demo of BERT and the SQuAD site publish. Sizes and
// hashes are the published ones; where nobody published any there is none here either.

/** What a file must be; what is not known is not checked. */
export interface ExpectedContent {
  readonly bytes?: number;
  /** Hex. */
  readonly sha256?: string;
  /** Hex; older lists publish nothing better. */
  readonly md5?: string;
}

export interface PresetFile extends ExpectedContent {
  readonly url: string;
  /** Its name in the fetched folder; of an archive, the name it is loaded under. */
  readonly name: string;
  /** An archive whose files are wanted. */
  readonly isArchive?: boolean;
}

/** What chooses a model where its name is not given; the words are those of the demo's download script. */
export interface ModelTraits {
  /** Every word that it answers to. */
  readonly frameworks: readonly Framework[];
  readonly size: 'base' | 'large';
  /** Length of the fine-tuning, where there is a checkpoint for each. */
  readonly seq?: '128' | '384';
  readonly squad: SquadVersion;
  readonly isSparse: boolean;
  readonly isQat: boolean;
}

export type Framework = (typeof frameworks)[number];
export const frameworks = ['tf', 'pyt', 'onnx'] as const;
export type SquadVersion = (typeof squadVersions)[number];
export const squadVersions = ['1.1', '2.0'] as const;

interface PresetCore {
  readonly name: string;
  readonly summary: string;
  /** Shown before anything is loaded. */
  readonly licence: string;
  readonly files: readonly PresetFile[];
}

export interface ModelPreset extends PresetCore {
  readonly kind: 'model';
  readonly traits: ModelTraits;
  /** Whether the demo's download script offers it: chosen first where several fit. */
  readonly isOfDemo: boolean;
}

export interface DataPreset extends PresetCore {
  readonly kind: 'data';
  readonly squad: SquadVersion;
  readonly split: 'train' | 'dev';
}

export type Preset = ModelPreset | DataPreset;

const zenodo = (record: number, file: string): string => `https://zenodo.org/record/${record}/files/${file}`;

/** The uncased vocabulary of BERT, 30522 lines. */
const vocabulary: PresetFile = {
  url: zenodo(3750364, 'vocab.txt'),
  name: 'vocab.txt',
  bytes: 231_508,
  sha256: '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3',
};
const largeConfig: PresetFile = {
  url: 'https://raw.githubusercontent.com/mlcommons/inference/master/language/bert/bert_config.json',
  name: 'bert_config.json',
};
const squad11Large = { size: 'large', squad: '1.1', isSparse: false } as const;

/** TensorFlow checkpoints of NVIDIA's model catalogue, version 19.03.1: config, vocabulary and weights in a zip. */
function ngcCheckpoint(size: 'base' | 'large', squad: SquadVersion, seq: '128' | '384'): ModelPreset {
  const version = squad === '1.1' ? '11' : '2';
  const model = `bert_tf_ckpt_${size}_qa_squad${version}_amp_${seq}`;
  return {
    kind: 'model',
    name: `tf-${size}-squad${version}-${seq}`,
    summary: `BERT-${size === 'base' ? 'Base' : 'Large'}, SQuAD ${squad}, length ${seq}; TensorFlow checkpoint of NVIDIA, 19.03.1`,
    licence: `as stated at https://catalog.ngc.nvidia.com/orgs/nvidia/models/${model}`,
    files: [
      {
        url: `https://api.ngc.nvidia.com/v2/models/nvidia/${model}/versions/19.03.1/zip`,
        name: `${model}_19.03.1.zip`,
        isArchive: true,
      },
    ],
    traits: { frameworks: ['tf'], size, seq, squad, isSparse: false, isQat: false },
    isOfDemo: true,
  };
}

const models: readonly ModelPreset[] = [
  ngcCheckpoint('large', '2.0', '128'),
  ngcCheckpoint('large', '2.0', '384'),
  ngcCheckpoint('large', '1.1', '384'),
  ngcCheckpoint('base', '2.0', '128'),
  ngcCheckpoint('base', '2.0', '384'),
  ngcCheckpoint('base', '1.1', '128'),
  {
    kind: 'model',
    name: 'qat-onnx',
    summary: 'BERT-Large, SQuAD 1.1, quantisation-aware training; fake-quant ONNX of MLPerf, F1 90.067',
    licence: 'as stated at https://zenodo.org/record/3750364',
    files: [
      {
        url: zenodo(3750364, 'bert_large_v1_1_fake_quant.onnx'),
        name: 'bert_large_v1_1_fake_quant.onnx',
      },
      largeConfig,
      vocabulary,
    ],
    traits: { ...squad11Large, frameworks: ['pyt', 'onnx'], isQat: true },
    isOfDemo: true,
  },
  {
    kind: 'model',
    name: 'mlperf-tf',
    summary: 'BERT-Large, SQuAD 1.1, fp32; TensorFlow checkpoint of MLPerf, F1 90.874',
    licence: 'as stated at https://zenodo.org/record/3733868',
    files: [
      ...['data-00000-of-00001', 'index', 'meta'].map((part) => ({
        url: zenodo(3733868, `model.ckpt-5474.${part}`),
        name: `model.ckpt-5474.${part}`,
      })),
      largeConfig,
      vocabulary,
    ],
    traits: { ...squad11Large, frameworks: ['tf'], seq: '384', isQat: false },
    isOfDemo: false,
  },
  {
    kind: 'model',
    name: 'mlperf-pytorch',
    summary: 'BERT-Large, SQuAD 1.1, fp32; PyTorch weights of MLPerf, F1 90.874',
    licence: 'as stated at https://zenodo.org/record/3733896',
    files: [
      {
        url: zenodo(3733896, 'model.pytorch'),
        name: 'pytorch_model.bin',
        md5: '00fbcbfaebfa20d87ac9885120a6e9b4',
      },
      largeConfig,
      vocabulary,
    ],
    traits: { ...squad11Large, frameworks: ['pyt'], isQat: false },
    isOfDemo: false,
  },
  {
    kind: 'model',
    name: 'mlperf-onnx',
    summary: 'BERT-Large, SQuAD 1.1, fp32; ONNX of MLPerf, F1 90.874',
    licence: 'as stated at https://zenodo.org/record/3733910',
    files: [{ url: zenodo(3733910, 'model.onnx'), name: 'model.onnx' }, largeConfig, vocabulary],
    traits: { ...squad11Large, frameworks: ['onnx'], isQat: false },
    isOfDemo: false,
  },
  {
    kind: 'model',
    name: 'mlperf-pytorch-int8',
    summary: 'BERT-Large, SQuAD 1.1, int8 fine-tuning; PyTorch weights of MLPerf, F1 90.633',
    licence: 'as stated at https://zenodo.org/record/4792496',
    files: [
      { url: zenodo(4792496, 'pytorch_model.bin'), name: 'pytorch_model.bin' },
      largeConfig,
      vocabulary,
    ],
    traits: { ...squad11Large, frameworks: ['pyt'], isQat: true },
    isOfDemo: false,
  },
];

function squadData(
  squad: SquadVersion,
  split: 'train' | 'dev',
  content: Required<Pick<ExpectedContent, 'bytes' | 'sha256'>>,
): DataPreset {
  const name = `${split}-v${squad}.json`;
  return {
    kind: 'data',
    name: `squad${squad === '1.1' ? '11' : '2'}-${split}`,
    summary: `SQuAD ${squad}, ${split}`,
    licence: 'CC BY-SA 4.0 (https://rajpurkar.github.io/SQuAD-explorer)',
    files: [{ url: `https://rajpurkar.github.io/SQuAD-explorer/dataset/${name}`, name, ...content }],
    squad,
    split,
  };
}

const dataSets: readonly DataPreset[] = [
  squadData('1.1', 'train', {
    bytes: 30_288_272,
    sha256: '3527663986b8295af4f7fcdff1ba1ff3f72d07d61a20f487cb238a6ef92fd955',
  }),
  squadData('1.1', 'dev', {
    bytes: 4_854_279,
    sha256: '95aa6a52d5d6a735563366753ca50492a658031da74f301ac5238b03966972c9',
  }),
  squadData('2.0', 'train', {
    bytes: 42_123_633,
    sha256: '68dcfbb971bd3e96d5b46c7177b16c1a4e7d4bdef19fb204502738552dede002',
  }),
  squadData('2.0', 'dev', {
    bytes: 4_370_528,
    sha256: '80a5225e94905956a6446d296ca1093975c4d3b3260f1d6c8f68bc2ab77182d8',
  }),
];

export const presets: readonly Preset[] = [...models, ...dataSets];

// Which form of int8 an engine gets where nobody says, and that a result says why.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import '../../../engines/onnxruntime/telemetry-off.js';
import { openCheckpoint } from '../../../engines/bert/checkpoint.js';
import { buildEngine } from '../../../engines/onnxruntime/build-engine.js';
import { defaultInt8 } from '../../../engines/onnxruntime/default-int8.js';
import { temporaryFolder } from '../../built.js';
import { writeTinyBert } from '../../fakes/tiny-bert.js';

const MINILM = 'data/models/minilm-qa';
const QAT = 'tests/fixtures/checkpoints/onnx-qat';
const elsewhere = temporaryFolder();

it.each([
  [
    'a calibrated model whose weights keep 7 bits',
    MINILM,
    'int7',
    'static',
    /7 bits; calibration: mixture over 128/,
  ],
  ['one whose weights keep 8 bits', MINILM, 'int8', 'dynamic', /no less accurate where weights keep 8 bits/],
  ['one that was never calibrated', writeTinyBert(), 'int7', 'dynamic', /has no calibration/],
  ['one trained with quantisation', QAT, 'int8', 'static', /ranges of quantisation-aware training/],
] as const)('%s', (_what, model, weights, quantization, because) => {
  using checkpoint = openCheckpoint(model);
  const chosen = defaultInt8(checkpoint, model, elsewhere, weights);
  expect(chosen.int8.quantization).toBe(quantization);
  expect(chosen.because).toMatch(because);
});

it('has the scales of training bit for bit', () => {
  using checkpoint = openCheckpoint(QAT);
  const { ranges, weightAmax } = defaultInt8(checkpoint, QAT, elsewhere).int8;
  const { activations, weights } = checkpoint.quantization!;
  for (const [place, amax] of activations) expect(ranges?.get(place)).toEqual({ min: -amax, max: amax });
  expect(weightAmax).toBe(weights);
});

it('is told with the engine, and an unreadable calibration among the engines is passed over', async () => {
  const enginesDir = temporaryFolder();
  const modelDir = writeTinyBert();
  using checkpoint = openCheckpoint(modelDir);
  const broken = `calibration-${checkpoint.model_sha256.slice(0, 12)}-0.json`;
  writeFileSync(join(enginesDir, broken), '{"format":');
  const request = { modelDir, enginesDir, mayBuild: true, report: () => undefined } as const;
  expect((await buildEngine({ ...request, precision: 'int8' })).int8_scales).toMatch(/^dynamic: /);
  expect((await buildEngine({ ...request, precision: 'fp32' })).int8_scales).toBeUndefined();
});

// The real addon over fake CUDA and TensorRT libraries: libraries, GPUs, plans, and what it says when one is wrong.

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../built.js';
import { layersOf } from '../../../engines/tensorrt/layer-proof.js';
import { makeParts, missingTools, parts, releases, type Release } from '../../fakes/native/native-parts.js';
import { runScenario, type Environment, type Outcome } from '../../fakes/native/run-scenario.js';
import { logitsOf } from '../../fakes/native/samples.js';

const file = new URL('./addon-scenarios.mjs', import.meta.url);
const why = await missingTools();
const folder = parts.libraries('10.16');
const run = (name: string, args: unknown = {}, environment: Environment = {}): Promise<Outcome> =>
  runScenario(file, name, args, { environment });

/** A folder of TensorRT's libraries without some of them. */
function librariesWithout(...missing: readonly string[]): string {
  const copy = join(temporaryFolder(), 'lib');
  mkdirSync(copy);
  for (const name of [
    'libnvinfer.so.10',
    'libnvonnxparser.so.10',
    'libnvinfer_plugin.so.10',
    'libnvinfer_builder_resource.so.10.16.0',
  ]) {
    if (!missing.some((part) => name.startsWith(part))) symlinkSync(join(folder, name), join(copy, name));
  }
  return copy;
}

describe.skipIf(why !== undefined)(`the addon${why === undefined ? '' : ` (not tested: ${why})`}`, () => {
  beforeAll(() => makeParts(), 300_000);

  describe('and its libraries', () => {
    it('was compiled for every release whose headers there are, and says so without a library', async () => {
      const { value } = await runScenario(file, 'backends', {}, { withDriver: false });
      expect(value).toEqual({ 10: '10.16.0', 11: '11.4.0' });
    });

    it.each(releases)('opens TensorRT %s and finds its parts without a driver', async (release) => {
      const { value } = await runScenario(
        file,
        'load',
        { folder: parts.libraries(release) },
        { withDriver: false },
      );
      const major = Number.parseInt(release, 10);
      expect(value).toEqual({
        version: `${release}.0`,
        major,
        infer_file: join(parts.libraries(release), `libnvinfer.so.${major}`),
        parser_file: join(parts.libraries(release), `libnvonnxparser.so.${major}`),
        plugin_file: join(parts.libraries(release), `libnvinfer_plugin.so.${major}`),
        builder_resource_file: join(parts.libraries(release), `libnvinfer_builder_resource.so.${release}.0`),
      });
    });

    it('says what is missing of an installation: parser, plugins, builder resource', async () => {
      const { value } = await run('load', {
        folder: librariesWithout('libnvonnxparser', 'libnvinfer_plugin', 'libnvinfer_builder'),
      });
      expect(value).toMatchObject({ parser_file: null, plugin_file: null, builder_resource_file: null });
    });

    it('names every library that it tried', async () => {
      const { error } = await run('load', { folder: temporaryFolder() });
      expect(error?.code).toBe('ERR_TENSORRT_LIBRARY');
      for (const major of [11, 10, 8]) expect(error?.message).toContain(`libnvinfer.so.${major}`);
    });

    it.each([
      ['9300', '9.3'],
      ['120000', '12.0'],
    ])('refuses a library of another major (%s)', async (version, named) => {
      const { error } = await run('load', { folder }, { FAKE_TENSORRT_VERSION: version });
      expect(error?.code).toBe('ERR_TENSORRT_VERSION');
      expect(error?.message).toContain(named);
    });

    it.each(releases)('lists the plugins of %s', async (release) => {
      const { value } = await run('plugins', { folder: parts.libraries(release) });
      expect(value).toHaveLength(6);
      expect(value).toContainEqual({ name: 'CustomQKVToContextPluginDynamic', version: '2' });
    });
  });

  describe('and the GPUs', () => {
    it('describes each', async () => {
      const { value } = await run('devices', {}, { FAKE_CUDA_DEVICES: 'Tesla T4|7.5|15;NVIDIA L4|8.9|23' });
      expect(value).toMatchObject([
        { index: 0, name: 'Tesla T4', compute_capability: '7.5', total_memory_bytes: 15 * 2 ** 30 },
        { index: 1, name: 'NVIDIA L4', compute_capability: '8.9', pci_bus_id: '0000:05:00.0' },
      ]);
    });

    it.each([
      ['there is none', { FAKE_CUDA_DEVICES: 'none' }, /no device|NO_DEVICE/],
      ['the driver does not start', { FAKE_CUDA_INIT: '803' }, 'CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)'],
    ] as const)('says when %s', async (_what, environment, said) => {
      const { error } = await run('devices', {}, environment);
      expect(error?.code).toBe('ERR_CUDA_DEVICE');
      expect(error?.message).toMatch(said);
    });

    it('says what to install where there is no driver', async () => {
      const { error } = await runScenario(file, 'devices', {}, { withDriver: false });
      expect(error?.code).toBe('ERR_CUDA_LIBRARY');
      expect(error?.message).toContain('Install the NVIDIA driver');
    });

    it('never asks TensorRT for anything before the driver is up: that would end the process', async () => {
      const outcome = await run('build', { folder }, { FAKE_CUDA_DEVICES: 'none' });
      expect(outcome).toMatchObject({ error: { code: 'ERR_CUDA_DEVICE' }, exitCode: 0 });
    });
  });

  describe.each(releases)('builds a plan with TensorRT %s', (release: Release) => {
    it.each(['padded', 'packed'] as const)('whose %s form answers every token', async (form) => {
      const outcome = await run('buildAndRun', { folder: parts.libraries(release), form });
      expect(outcome.error).toBeUndefined();
      const { built, described, inspection, logits, lines } = outcome.value as {
        built: { plan_bytes: number; warnings: readonly string[] };
        described: {
          form: string;
          max_sequence_length: number;
          max_batch: number;
        };
        inspection: string;
        logits: readonly number[];
        lines: readonly string[];
      };
      expect(logits).toEqual(logitsOf([0, 5, 7]).flat());
      expect(described).toMatchObject({ form, max_sequence_length: 64, max_batch: 8 });
      expect(layersOf(inspection).at(-1)).toMatchObject({ LayerType: 'Identity' });
      expect(built.plan_bytes).toBeGreaterThan(100);
      expect(built.warnings).toEqual(['fake: this engine computes no BERT']);
      expect(lines).toContain('progress: Building Engine');
      expect(outcome.cuda?.live).toMatchObject({ 'device blocks': 0, streams: 0, events: 0, contexts: 0 });
    });
  });

  describe('and what it says of a build that fails', () => {
    it.each([
      [
        'the ONNX file cannot be read',
        { change: { request: { onnx_file: '/nowhere/x.onnx' } } },
        {},
        '/nowhere/x.onnx',
      ],
      [
        'the plugin is not of this release',
        { form: 'packed', onnx: { pluginVersion: '77' } },
        {},
        /Plugin not found.*version 77/,
      ],
      ['the builder gives up', {}, { FAKE_TENSORRT_BUILD: 'fail' }, 'Could not find any implementation'],
      [
        'the GPU is a V100',
        {},
        { FAKE_CUDA_DEVICES: 'Tesla V100-SXM2-16GB|7.0|16' },
        'Target GPU SM 70 is not supported',
      ],
      [
        'an input has no range',
        { change: { request: { profiles: [] } } },
        {},
        'no optimization profile has been defined for input_ids',
      ],
    ] as const)('%s', async (_what, args, environment, said) => {
      const { error } = await run('build', { folder, ...args }, environment);
      expect(error?.code).toBe('ERR_TENSORRT_BUILD');
      expect(error?.message).toMatch(said);
    });

    it.each([
      ['the builder resource is missing', 'libnvinfer_builder', /libnvinfer_builder_resource/],
      ['the parser is missing', 'libnvonnxparser', /libnvonnxparser/],
    ])('%s', async (_what, library, said) => {
      const environment = { LD_LIBRARY_PATH: parts.driver };
      const { error } = await run('build', { folder: librariesWithout(library) }, environment);
      expect(error?.code).toMatch(/ERR_TENSORRT_(BUILD|LIBRARY)/);
      expect(error?.message).toMatch(said);
    });

    it('the builder resource of this GPU’s architecture is missing, though there is one of another', async () => {
      const { error } = await run('build', { folder }, { FAKE_TENSORRT_RESOURCE: 'sm90' });
      expect(error?.code).toBe('ERR_TENSORRT_LIBRARY');
      expect(error?.message).toMatch(
        /^libnvinfer_builder_resource_sm90\.so\.10\.16\.0 is not beside .*libnvinfer\.so.*not build them for this GPU/,
      );
    });

    it('TensorRT ends the process: the child dies, and nobody else', async () => {
      const outcome = await run('build', { folder }, { FAKE_TENSORRT_BUILD: 'crash' });
      expect(outcome).toMatchObject({ signal: 'SIGABRT', value: undefined });
    });

    it('it asks TensorRT 11 for weak types', async () => {
      const change = { request: { weak_types: ['fp16'], strongly_typed: false } };
      const { error } = await run('build', { folder: parts.libraries('11.4'), change });
      expect(error?.code).toBe('ERR_ARGUMENT');
    });
  });

  it('keeps a timing cache, and starts anew where the file is none', async () => {
    const cache = join(temporaryFolder(), 'timing.cache');
    const change = { request: { timing_cache_file: cache } };
    const first = await run('build', { folder, change });
    expect(first.error).toBeUndefined();
    const again = await run('build', { folder, change });
    expect(again.error).toBeUndefined();
  });

  describe('and what it says of a plan', () => {
    let planFile: string;
    beforeAll(async () => {
      planFile = (await run('buildInto', { folder, form: 'padded', into: temporaryFolder() }))
        .value as string;
    });
    const open = (args: object, environment: Environment = {}): Promise<Outcome> =>
      run('openChanged', { folder, planFile, ...args }, environment);

    it.each([
      ['that is cut short', { truncateTo: 200 }, {}, /cut short|truncated/],
      ['that is empty', { truncateTo: 0 }, {}, /no plan, or it is empty/],
      [
        'of another version',
        {},
        { FAKE_TENSORRT_VERSION: '101700' },
        /expecting library version 10\.17\.0 got 10\.16\.0/,
      ],
      [
        'of another GPU',
        {},
        { FAKE_CUDA_DEVICES: 'NVIDIA A10|8.6|24' },
        /expecting compute 8\.6 got compute 9\.0/,
      ],
    ] as const)('%s', async (_what, args, environment, said) => {
      const { error } = await open(args, environment);
      expect(error?.code).toBe('ERR_TENSORRT_ENGINE');
      expect(error?.message).toMatch(said);
      expect(error?.message).toContain('.plan');
    });

    it('whose tensors are not ours', async () => {
      const { error } = await run('buildAndRun', {
        folder,
        form: 'padded',
        onnx: { rename: { attention_mask: 'mask' } },
        change: {
          request: {
            profiles: [
              ['input_ids', 'token_type_ids', 'mask'].map((tensor) => ({
                tensor,
                min: [1, 1],
                opt: [8, 64],
                max: [8, 64],
              })),
            ],
          },
        },
      });
      expect(error?.code).toBe('ERR_TENSORRT_ENGINE');
      expect(error?.message).toMatch(/attention_mask|mask/);
    });

    it('that is for a whole family of GPUs: nothing', async () => {
      const into = temporaryFolder();
      const change = { request: { hardware_compatible: true } };
      const { value } = await run('buildInto', { folder, form: 'padded', into, change });
      const { error } = await run(
        'openChanged',
        { folder, planFile: value },
        { FAKE_CUDA_DEVICES: 'NVIDIA A10|8.6|24' },
      );
      expect(error).toBeUndefined();
    });

    it('that was stripped of its weights: refused without them, whole with those of the network', async () => {
      const into = temporaryFolder();
      const change = { request: { strip_plan: true } };
      const { value } = await run('buildInto', { folder, form: 'padded', into, change });
      const stripped = { folder, planFile: value };
      const without = await run('openChanged', stripped);
      expect(without.error?.message).toContain('stripped of its weights');
      const weights_file = join(into, 'padded.onnx');
      const filled = await run('openChanged', { ...stripped, open: { weights_file } });
      expect(filled.error).toBeUndefined();
      const wrong = await run('openChanged', { ...stripped, open: { weights_file: String(value) } });
      expect(wrong.error?.code).toBe('ERR_TENSORRT_ENGINE');
      expect(wrong.error?.message).toMatch(
        /the weights of .*\.plan cannot be filled in: the file does not fit/,
      );
    });

    it('that was built with its weights for good: none are filled in', async () => {
      const into = temporaryFolder();
      const { value } = await run('buildInto', { folder, form: 'padded', into });
      const open = { weights_file: join(into, 'padded.onnx') };
      const { error } = await run('openChanged', { folder, planFile: value, open });
      expect(error?.message).toContain('createInferRefitter failed: createInferRefitter: Error Code 4');
      const refittable = { request: { refit: true } };
      const { value: again } = await run('buildInto', { folder, form: 'padded', into, change: refittable });
      expect((await run('openChanged', { folder, planFile: again, open })).error).toBeUndefined();
    });

    it.each([
      ['its weights', '0.0005'],
      ['its activations', '0.0025'],
    ])('for which the GPU has no memory: %s', async (_what, gib) => {
      const { error } = await open({}, { FAKE_CUDA_DEVICES: `NVIDIA H100 80GB HBM3|9.0|${gib}` });
      expect(error?.code).toBe('ERR_CUDA_MEMORY');
      expect(error?.message).toMatch(/Free on this GPU/);
    });

    it('for which the GPU has not even memory for a context: no figure, since nobody can tell it', async () => {
      const { error } = await open({}, { FAKE_CUDA_FAIL: 'cuDevicePrimaryCtxRetain:1:2' });
      expect(error?.code).toBe('ERR_CUDA_MEMORY');
      expect(error?.message).toMatch(
        /^cuDevicePrimaryCtxRetain failed: CUDA_ERROR_OUT_OF_MEMORY \(2\)[^.]*$/,
      );
    });
  });

  it('refuses wrong calls by name and goes on', async () => {
    const { value } = await run('misuse', { folder });
    expect(value).toEqual({
      'a second phase': 'ERR_STATE',
      'run while a phase runs': 'ERR_STATE',
      'close while a phase runs': 'ERR_STATE',
      'runInCall with threads': 'ERR_STATE',
      'end twice': 'ERR_STATE',
      'an index that is none': 'ERR_ARGUMENT',
      'too many samples': 'ERR_ARGUMENT',
      'a shape outside of the profiles': 'ERR_ARGUMENT',
      'a device that is none': 'ERR_CUDA_DEVICE',
      'a text for a number': 'ERR_ARGUMENT',
      'a phase with a sample that is none': 'ERR_ARGUMENT',
      'a closed engine': 'ERR_STATE',
    });
  });
});

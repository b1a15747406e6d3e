// `loadrig fetch` from its arguments on: what comes, where it lies, what is said, and what is left when it fails.

import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError, SetupError } from '../../../configs/errors.js';
import { run } from '../../../harness/fetch/command.js';
import { callCommand } from '../../call-command.js';
import { startLoadrig, temporaryFolder } from '../../built.js';
import { unprivileged } from '../../fakes/unprivileged.js';
import { tgzOf, zipOf } from './archives.js';
import { serve, startServer } from './file-server.js';

const vocabulary = readFileSync('data/models/minilm-qa/vocab.txt');
const model: Readonly<Record<string, Buffer>> = {
  'config.json': Buffer.from('{"model_type": "bert"}'),
  'model.safetensors': Buffer.alloc(50_000, 7),
  'vocab.txt': Buffer.from('[PAD]\n[UNK]\n'),
};
const entries = Object.entries(model).map(([name, content]) => ({ name, content }));
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

let folder = '';
let target = '';
let said = '';
beforeEach(() => {
  folder = temporaryFolder();
  target = join(folder, 'models/mine');
  delete process.env['LOADRIG_OFFLINE'];
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => join(folder, name);
const write = (name: string, content: Buffer | string): string => {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), content);
  return at(name);
};
/** A folder with the whole model. */
function writeModel(name: string): string {
  for (const [file, content] of Object.entries(model)) write(`${name}/${file}`, content);
  return at(name);
}

function fetch(...argv: readonly string[]) {
  said = '';
  return callCommand(run, argv, (chunk) => (said += chunk));
}
const mine = (...argv: readonly string[]) => fetch('mine', '--to', target, ...argv);
async function refusal(kind: typeof ConfigError | typeof SetupError, ...argv: readonly string[]) {
  const error = await fetch(...argv).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(kind);
  return (error as Error).message;
}

interface Manifest {
  readonly files: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly from: string;
    readonly fetched_at: string;
  }[];
}
const manifestOf = (path: string) =>
  JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as Manifest;

/** The model lies in the target whole, with a manifest that says so; nothing else lies beside it. */
function expectWhole(from: string): void {
  expect(readdirSync(dirname(target))).toEqual(['mine']);
  expect(readdirSync(target).sort()).toEqual([...Object.keys(model), 'manifest.json'].sort());
  expect(manifestOf(target).files).toEqual(
    Object.entries(model).map(([name, content]) => ({
      name,
      bytes: content.length,
      sha256: sha256(content),
      from: expect.stringContaining(from) as unknown,
      fetched_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as unknown,
    })),
  );
  for (const [name, content] of Object.entries(model)) {
    expect(readFileSync(join(target, name)).equals(content)).toBe(true);
  }
}

describe('a model from', () => {
  test('a folder, which stays as it was', async () => {
    const from = writeModel('source');
    expect(await mine('--from', from)).toMatchObject({ code: 0 });
    expectWhole(from);
    writeFileSync(join(from, 'vocab.txt'), 'changed later');
    expectWhole(from);
  });

  test('a folder of links, as the Hugging Face cache is; what is no plain file is left out and named', async () => {
    const blobs = writeModel('blobs');
    mkdirSync(at('snapshot/deeper'), { recursive: true });
    for (const name of Object.keys(model)) symlinkSync(join(blobs, name), at(`snapshot/${name}`));
    write('snapshot/.hidden', 'x');
    await mine('--from', at('snapshot'));
    expectWhole('snapshot');
    expect(said).toContain('left out of the folder (no plain files, or hidden): .hidden, deeper');
  });

  test.each([
    ['zip', zipOf],
    ['tgz', tgzOf],
  ] as const)('an archive (%s) with a folder around everything', async (ending, archiveOf) => {
    const content = archiveOf(
      entries.map(({ name, content: bytes }) => ({ name: `bert/${name}`, content: bytes })),
    );
    const from = write(`bert.${ending}`, content);
    await mine('--from', from, '--sha256', sha256(content).toUpperCase());
    expectWhole(from);
  });

  test('single files, one of them by file://', async () => {
    const from = writeModel('source');
    await mine(
      ...['--from', pathToFileURL(join(from, 'config.json')).href, '--from', join(from, 'vocab.txt')],
      ...['--from', join(from, 'model.safetensors')],
    );
    expectWhole(from);
  });

  test('an address of an archive that only its content shows to be one', async () => {
    const archive = zipOf(entries);
    await using server = await startServer((request, response) => serve(archive, {}, request, response));
    const url = server.url.replace('model.bin', 'zip');
    await mine('--from', url);
    expectWhole(url);
    expect(said).toMatch(/licence: not known here/);
  });

  test('addresses of single files', async () => {
    await using server = await startServer((request, response) =>
      serve(model[request.url?.split('/').at(-1) ?? ''] ?? Buffer.alloc(0), {}, request, response),
    );
    const base = server.url.replace('model.bin', '');
    await mine(...Object.keys(model).flatMap((name) => ['--from', base + name]));
    expectWhole(base);
  });
});

describe('the same again', () => {
  test('loads nothing and says so', async () => {
    const archive = zipOf(entries);
    await using server = await startServer((request, response) => serve(archive, {}, request, response));
    const url = server.url.replace('.bin', '.zip');
    await mine('--from', url);
    const { code, text } = await mine('--from', url);
    expect([code, text]).toEqual([0, expect.stringContaining('there already, nothing was loaded')]);
    expect(server.asked).toHaveLength(1);
  });

  test('with other content replaces nothing unasked, and all of it when asked', async () => {
    const from = writeModel('source');
    await mine('--from', from);
    write('source/vocab.txt', 'other\n');
    rmSync(join(from, 'model.safetensors'));
    write('source/pytorch_model.bin', 'weights');
    expect(await refusal(ConfigError, 'mine', '--to', target, '--from', from)).toMatch(
      /there already, with other content.*--replace/,
    );
    expectWhole('source');
    await mine('--from', from, '--replace');
    expect(readdirSync(target).sort()).toEqual([
      'config.json',
      'manifest.json',
      'pytorch_model.bin',
      'vocab.txt',
    ]);
  });
});

describe('nothing of a failed fetch is seen', () => {
  test('a model that lacks files, each named', async () => {
    const from = write('weights/model.safetensors', 'x');
    const message = await refusal(ConfigError, 'mine', '--to', target, '--from', from);
    expect(message).toContain('mine is not a whole model. It has model.safetensors; missing:');
    expect(message).toMatch(/ {2}config\.json \(or bert_config\.json\)\n {2}vocab\.txt/);
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(dirname(target))).toEqual([]);
  });

  test.each([
    [
      'a shard',
      { 'model.safetensors.index.json': '{"weight_map": {"a": "model-00002-of-00002.safetensors"}}' },
      'model-00002-of-00002.safetensors (named in model.safetensors.index.json)',
    ],
    [
      'a data shard',
      { 'bert.ckpt.index': 'x', 'bert.ckpt.data-00000-of-00002': 'x' },
      'bert.ckpt.data-00001-of-00002',
    ],
    ['an index', { 'bert.ckpt.data-00000-of-00001': 'x' }, 'bert.ckpt.index'],
    ['weights', { 'readme.md': 'x' }, 'weights: one of model.safetensors'],
  ])('a model that lacks %s', async (_, files, missing) => {
    for (const [name, content] of Object.entries(files)) write(`part/${name}`, content);
    write('part/config.json', '{}');
    write('part/vocab.txt', '[PAD]');
    const message = await refusal(ConfigError, 'mine', '--to', target, '--from', at('part'));
    expect(message).toContain(missing);
    expect(existsSync(target)).toBe(false);
  });

  test('an archive with a name that leads out', async () => {
    const from = write('bad.zip', zipOf([...entries, { name: '../escaped', content: 'x' }]));
    expect(await refusal(ConfigError, 'mine', '--to', target, '--from', from)).toContain('"../escaped"');
    expect(existsSync(join(dirname(target), 'escaped'))).toBe(false);
    expect(readdirSync(dirname(target))).toEqual([]);
  });

  test('a wrong hash, with both', async () => {
    const archive = zipOf(entries);
    const from = write('bert.zip', archive);
    const wanted = 'b'.repeat(64);
    const message = await refusal(ConfigError, 'mine', '--to', target, '--from', from, '--sha256', wanted);
    expect(message).toContain(`SHA-256 ${sha256(archive)}, not the ${wanted}`);
    expect(existsSync(target)).toBe(false);
  });

  test('a download of a wrong hash, which is loaded anew the next time', async () => {
    const archive = zipOf(entries);
    await using server = await startServer((request, response) => serve(archive, {}, request, response));
    const url = server.url.replace('.bin', '.zip');
    await refusal(ConfigError, 'mine', '--to', target, '--from', url, '--sha256', 'b'.repeat(64));
    expect(readdirSync(dirname(target))).toEqual([]);
    await mine('--from', url, '--sha256', sha256(archive));
    expectWhole(url);
    expect(server.asked).toEqual(['whole', 'whole']);
  });

  test('a download that ends early keeps what came, and the same command goes on from there', async () => {
    const archive = zipOf(entries);
    await using server = await startServer((request, response, count) => {
      if (count > 1) serve(archive, {}, request, response);
      else
        response
          .writeHead(200, { etag: '"v1"', 'content-length': archive.length })
          .write(archive.subarray(0, 100), () => response.destroy());
    });
    const url = server.url.replace('.bin', '.zip');
    const message = await refusal(SetupError, 'mine', '--to', target, '--from', url, '--retries=0');
    expect(message).toMatch(/100 bytes are kept, the same command goes on from there/);
    expect(existsSync(target)).toBe(false);
    await mine('--from', url);
    expectWhole(url);
    expect(server.asked).toEqual(['whole', 'bytes=100-']);
  });

  test('a folder that may not be written, and a source that may not be read', async () => {
    mkdirSync(dirname(target));
    chmodSync(folder, 0o755);
    const from = writeModel('source');
    chmodSync(dirname(target), 0o500);
    const unwritable = await unprivileged(() => refusal(SetupError, 'mine', '--to', target, '--from', from));
    expect(unwritable).toContain('no permission to write (EACCES)');
    chmodSync(dirname(target), 0o700);
    chmodSync(from, 0o000);
    const unreadable = await unprivileged(() => refusal(SetupError, 'mine', '--to', target, '--from', from));
    expect(unreadable).toContain(`--from ${from}: cannot be read (EACCES)`);
    chmodSync(from, 0o700);
  });

  test('a target below a file', async () => {
    write('models', 'a file');
    expect(await refusal(SetupError, 'mine', '--to', target, '--from', writeModel('source'))).toContain(
      'something else lies in the way',
    );
  });
});

describe('presets', () => {
  test('are listed without arguments, and as JSON', async () => {
    const { code, text } = await fetch();
    expect(code).toBe(0);
    expect(text).toMatch(/^mlperf-onnx .*1 of 3 files/m);
    const listed = JSON.parse((await fetch('--json')).text) as readonly { readonly name: string }[];
    expect(listed.map(({ name }) => name)).toContain('squad11-dev');
  });

  test('show addresses, sizes, hashes and licence before anything is loaded', async () => {
    const { code, text } = await fetch('squad', '--split', 'train', '--dry_run');
    expect(code).toBe(0);
    expect(text).toMatchInlineSnapshot(`
      "squad11-train: SQuAD 1.1, train
        https://rajpurkar.github.io/SQuAD-explorer/dataset/train-v1.1.json  (30288272 bytes; SHA-256 3527663986b8295af4f7fcdff1ba1ff3f72d07d61a20f487cb238a6ef92fd955)
        licence: CC BY-SA 4.0 (https://rajpurkar.github.io/SQuAD-explorer)
        to: data/squad
      "
    `);
  });

  test('come from a mirror without a socket, checked and with the manifest', async () => {
    write('mirror/mlperf-onnx/model.onnx', 'weights');
    write('mirror/mlcommons/inference/master/language/bert/bert_config.json', '{}');
    write('mirror/zenodo.org/record/3750364/files/vocab.txt', vocabulary);
    const { code } = await fetch('mlperf-onnx', '--to', target, '--offline', at('mirror'));
    expect(code).toBe(0);
    expect(said).toContain('vocab.txt: 231508 bytes, SHA-256 07eced37');
    expect(manifestOf(target).files.map(({ name, from }) => [name, from])).toEqual([
      [
        'bert_config.json',
        'https://raw.githubusercontent.com/mlcommons/inference/master/language/bert/bert_config.json',
      ],
      ['model.onnx', 'https://zenodo.org/record/3733910/files/model.onnx'],
      ['vocab.txt', 'https://zenodo.org/record/3750364/files/vocab.txt'],
    ]);
  });

  test('are not taken from a mirror whose file is another', async () => {
    process.env['LOADRIG_OFFLINE'] = at('mirror');
    write('mirror/squad11-dev/dev-v1.1.json', '{}');
    const message = await refusal(ConfigError, 'squad', '--to', at('squad'));
    expect(message).toMatch(/2 bytes, not the 4854279 that were expected and SHA-256 /);
    expect(existsSync(at('squad/dev-v1.1.json'))).toBe(false);
    rmSync(at('mirror/squad11-dev/dev-v1.1.json'));
    expect(await refusal(SetupError, 'squad', '--to', at('squad'))).toContain('is not in the mirror');
  });
});

describe('--verify', () => {
  test('finds what changed and what is missing', async () => {
    await mine('--from', writeModel('source'));
    expect(await fetch('--verify', target)).toMatchObject({ code: 0 });
    writeFileSync(join(target, 'vocab.txt'), '[PAD]\n[UNX]\n');
    rmSync(join(target, 'config.json'));
    const message = await refusal(ConfigError, '--verify', target);
    expect(message).toContain('2 of 3 files are not what was fetched');
    expect(message).toContain('config.json: is missing');
    expect(message).toContain(`vocab.txt: SHA-256 ${sha256(Buffer.from('[PAD]\n[UNX]\n'))}, not`);
  });

  test.each([
    ['nothing', undefined, SetupError, 'there is nothing to verify'],
    ['no JSON', '{', ConfigError, 'not a manifest of fetched files'],
    [
      'a hash that is none',
      '{"files": [{"name": "a", "bytes": 1, "sha256": "x", "from": "", "fetched_at": ""}]}',
      ConfigError,
      'not a manifest',
    ],
  ] as const)('of a folder with %s as its manifest is an error', async (_, text, kind, message) => {
    mkdirSync(target, { recursive: true });
    if (text !== undefined) writeFileSync(join(target, 'manifest.json'), text);
    expect(await refusal(kind, '--verify', target)).toContain(message);
  });
});

describe('arguments that make no sense', () => {
  test.each([
    [['--from', 'package.json'], /--from needs a name/],
    [['../up', '--from', '.'], /"\.\.\/up" cannot be the name of a folder here/],
    [['a', 'b', '--from', '.'], /one name, please; got a b/],
    [['mine', '--size', 'large', '--from', '.'], /choose a preset; with --from give a name/],
    [['mine', '--from', 'ftp://example.org/x.zip'], /addresses start with https/],
    [['mine', '--from', 'https://user:secret@example.org/x.zip'], /no address with a name and password/],
    [['mine', '--from', 'https://example.org/'], /does not end in the name of a file/],
    [['mine', '--from', 'file://elsewhere/x.zip'], /names no file of this machine/],
    [['mine', '--from', 'package.json', '--from', 'package.json'], /"package.json" twice/],
    [['mine', '--from', 'package.json', '--sha256', 'abc'], /64 hexadecimal digits/],
    [['mlperf-tf', '--sha256', 'a'.repeat(64)], /--sha256 is for --from/],
    [['mlperf-tf', '--seed', '3'], /--seed is for synthetic/],
    [['mlperf-tf', '--json'], /--json is for the list/],
    [['mlperf-tf', '--retries=-1'], /--retries must be a whole number from 0 to 1000, got -1/],
    [['synthetic-bert-base', '--seed', '-1'], /--seed must be a whole number from 0 to 2\^64 - 1, got "-1"/],
    [['synthetic-bert-base', '--from', 'x'], /is made here, of --seed alone; leave out --from/],
    [['--verify', 'a', 'b'], /--verify takes a folder alone; leave out b/],
    [['--sizes', 'large'], /unknown flag --sizes; did you mean "--size"/],
  ])('%j', async (argv, message) => {
    expect(await refusal(ConfigError, ...argv)).toMatch(message);
  });

  test('a source that is not there', async () => {
    expect(await refusal(SetupError, 'mine', '--from', at('nowhere'))).toContain('no such file or folder');
    mkdirSync(at('empty'));
    expect(await refusal(ConfigError, 'mine', '--from', at('empty'))).toContain('no files in this folder');
  });
});

test('a synthetic model is random weights of its seed, marked so, and the same for the same seed', async () => {
  const { text } = await fetch('synthetic-bert-base', '--seed', '5', '--to', target);
  expect(text).toContain('random weights of seed 5; for speed alone, its answers mean nothing');
  const once = readFileSync(join(target, 'synthetic.json'));
  expect(JSON.parse(String(once))).toMatchObject({ seed: '5' });
  expect((await fetch('synthetic-bert-base', '--seed', '5', '--to', target)).text).toContain('there already');
  expect(await refusal(ConfigError, 'synthetic-bert-base', '--seed', '6', '--to', target)).toContain(
    'another seed?',
  );
});

test('two fetches of one model at once: one waits, both end well', async () => {
  const archive = zipOf(entries);
  await using server = await startServer((request, response) => serve(archive, {}, request, response));
  const url = server.url.replace('.bin', '.zip');
  const both = await Promise.all([mine('--from', url), mine('--from', url)]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expectWhole(url);
});

test('Ctrl-C keeps what came, says so, and ends with 130; the same command goes on', async () => {
  const archive = zipOf(entries);
  await using server = await startServer((request, response, count) => {
    serve(archive, count === 1 ? { sendOnly: 200 } : {}, request, response);
  });
  const url = server.url.replace('.bin', '.zip');
  const child = startLoadrig(['fetch', 'mine', '--to', target, '--from', url]);
  await vi.waitUntil(() => partBytes() === 200, { timeout: 30_000 });
  child.kill('SIGINT');
  const { exitCode, stderr } = await child;
  expect([exitCode, stderr]).toEqual([130, expect.stringContaining('Stopped. What came is kept')]);
  expect(existsSync(target)).toBe(false);
  await mine('--from', url);
  expectWhole(url);
  expect(server.asked).toEqual(['whole', 'bytes=200-']);
});

/** Bytes of the unfinished download beside the target. */
function partBytes(): number {
  const downloads = join(dirname(target), '.mine.fetch/downloads');
  if (!existsSync(downloads)) return 0;
  const files = readdirSync(downloads, { recursive: true }).map((name) => join(downloads, String(name)));
  return files.filter((name) => name.endsWith('.part')).reduce((sum, name) => sum + statSync(name).size, 0);
}

// Where files come from: an address, a local file, a folder. What the user typed after --from.

import { readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, SetupError } from '../../configs/errors.js';
import { errorCode } from '../../engines/build-lock.js';
import { quoted } from '../../configs/explain-issue.js';
import type { ExpectedContent, Preset } from './presets.js';
import { isArchiveName } from './unpack.js';

/** One file to get. */
export interface FetchItem {
  readonly source:
    { readonly kind: 'url'; readonly url: string } | { readonly kind: 'file'; readonly path: string };
  /** Its name in the target; of an archive, the name it is loaded under. */
  readonly name: string;
  /** by_content: an address whose last part has no ending may lead to one (…/versions/1/zip). */
  readonly isArchive: boolean | 'by_content';
  readonly expected: ExpectedContent;
}

/** What --from names, one or several times. @throws {ConfigError | SetupError} */
export function itemsFrom(
  sources: readonly string[],
  sha256: string | undefined,
  leftOut: (names: readonly string[]) => void,
): readonly FetchItem[] {
  const items = sources.flatMap((source) => {
    if (/^file:\/\//i.test(source)) return itemsOfPath(pathOfUrl(source), leftOut);
    return /^[a-z][a-z0-9+.-]*:\/\//i.test(source) ? [itemOfUrl(source)] : itemsOfPath(source, leftOut);
  });
  const names = items.map(({ name }) => name);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined)
    throw new ConfigError(`--from gives ${quoted(twice)} twice; each file may come from one place`);
  if (sha256 === undefined) return items;
  if (!/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new ConfigError(`--sha256 must be 64 hexadecimal digits, got ${quoted(sha256)}`);
  }
  const [only, ...more] = items;
  if (only === undefined || more.length > 0) {
    throw new ConfigError(`--sha256 is for a single file or archive; --from gives ${items.length}`);
  }
  return [{ ...only, expected: { sha256: sha256.toLowerCase() } }];
}

/** The files of a preset. */
export function itemsOfPreset({ files }: Preset): readonly FetchItem[] {
  return files.map(({ url, name, isArchive = false, ...expected }) => ({
    source: { kind: 'url', url },
    name,
    isArchive,
    expected,
  }));
}

function pathOfUrl(text: string): string {
  try {
    return fileURLToPath(text);
  } catch (cause) {
    throw new ConfigError(
      `--from ${quoted(text)} names no file of this machine; file:///folder/name does, and so does the path alone`,
      { cause },
    );
  }
}

function itemOfUrl(text: string): FetchItem {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw new ConfigError(`--from ${quoted(text)} is not an address`);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new ConfigError(
      `--from ${quoted(text)}: addresses start with https://, http:// or file://; anything else is loaded by other means and given as a file`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(
      '--from takes no address with a name and password in it: both would be shown and kept. Load the file by other means and give it as a file.',
    );
  }
  url.hash = '';
  const name = decodedName(url);
  return {
    source: { kind: 'url', url: url.href },
    name,
    isArchive: isArchiveName(name) || (name.includes('.') ? false : 'by_content'),
    expected: {},
  };
}

function decodedName(url: URL): string {
  let name = '';
  try {
    name = decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
  } catch {
    // not valid percent encoding: no name, said below
  }

  if (name !== '' && !/[\u0000-\u001f\u007f/\\]/.test(name) && !name.startsWith('.')) return name;
  throw new ConfigError(`--from ${url.href}: the address does not end in the name of a file`);
}

function itemsOfPath(path: string, leftOut: (names: readonly string[]) => void): readonly FetchItem[] {
  try {
    return itemsOfReadable(path, leftOut);
  } catch (cause) {
    if (errorCode(cause) === undefined) throw cause;
    throw new SetupError(`--from ${path}: cannot be read (${errorCode(cause)})`, { cause });
  }
}

function itemsOfReadable(path: string, leftOut: (names: readonly string[]) => void): readonly FetchItem[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new SetupError(`--from ${path}: no such file or folder`);
  if (!stats.isDirectory()) return [itemOfFile(path, isArchiveName(basename(path)))];
  // Links are followed: a folder of the Hugging Face cache is made of them.
  const names = readdirSync(path).sort();
  const files = names.filter((name) => !name.startsWith('.') && statSync(join(path, name)).isFile());
  const others = names.filter((name) => !files.includes(name));
  if (files.length === 0) throw new ConfigError(`--from ${path}: no files in this folder`);
  if (others.length > 0) leftOut(others);
  return files.filter((name) => name !== 'manifest.json').map((name) => itemOfFile(join(path, name), false));
}

function itemOfFile(path: string, isArchive: boolean): FetchItem {
  return { source: { kind: 'file', path: resolve(path) }, name: basename(path), isArchive, expected: {} };
}

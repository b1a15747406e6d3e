// Where things lie when the program is called from another folder than its own.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildPath, inputPath } from '../../harness/places.js';
import { packageRoot } from '../../harness/program.js';

let elsewhere = '';
beforeEach(() => {
  elsewhere = mkdtempSync(join(tmpdir(), 'loadrig-elsewhere-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(elsewhere, { recursive: true, force: true });
});
const callFrom = (folder: string) => vi.spyOn(process, 'cwd').mockReturnValue(folder);

test('from its own folder, paths are short', () => {
  callFrom(packageRoot);
  expect(buildPath('engines')).toBe('build/engines');
  expect(inputPath('data/squad/xquad.en.json')).toBe('data/squad/xquad.en.json');
});

test('from elsewhere, generated files stay with the program', () => {
  callFrom(elsewhere);
  expect(buildPath('engines')).toBe(join(packageRoot, 'build/engines'));
});

test('a path that is nowhere stays as it was typed, for the message', () => {
  expect(inputPath('nowhere/model')).toBe('nowhere/model');
});

test('an absolute path stays', () => {
  const file = join(elsewhere, 'data.json');
  mkdirSync(elsewhere, { recursive: true });
  writeFileSync(file, '{}');
  expect(inputPath(file)).toBe(file);
});

import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { SetupError } from '../../configs/errors.js';
import { callFolderName, createCallFolder, createRunFolder } from '../../harness/run-folder.js';

const date = new Date(2021, 2, 7, 6, 49, 7);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loadrig-folder-'));
});

describe('the folders of a call', () => {
  it('are named after the local date and time, as NVIDIA names them', () => {
    expect(callFolderName(date)).toBe('2021.03.07-06.49.07');
  });

  it('are never shared: a second call in the same second gets its own', () => {
    const names = [1, 2, 3].map(() => basename(createCallFolder(folder, date)));
    expect(names).toEqual(['2021.03.07-06.49.07', '2021.03.07-06.49.07_1', '2021.03.07-06.49.07_2']);
  });

  it('hold one folder per system, benchmark and scenario', () => {
    const place = {
      callFolder: folder,
      system: 'box',
      benchmark: 'bert-99',
      scenario: 'Offline',
      part: 'accuracy',
    };
    expect(createRunFolder(place)).toBe(join(folder, 'box', 'bert-99', 'Offline', 'accuracy'));
    expect(existsSync(join(folder, 'box', 'bert-99', 'Offline', 'accuracy'))).toBe(true);
  });

  it('that cannot be made are a setup error that names the folder and the flag', () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    expect(() => createCallFolder(join(file, 'logs'), date)).toThrow(SetupError);
    expect(() => createCallFolder(join(file, 'logs'), date)).toThrow(/a-file.*--log_dir=FOLDER/s);
  });
});

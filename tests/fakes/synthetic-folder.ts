// A model of random weights of any size, made when it is asked for.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes synthetic.json and a vocabulary into a folder and returns it. */
export function writeSyntheticFolder(folder: string, config: object): string {
  const common = { type_vocab_size: 2, hidden_act: 'gelu' };
  writeFileSync(
    join(folder, 'synthetic.json'),
    JSON.stringify({ seed: '7', config: { ...common, ...config } }),
  );
  writeFileSync(join(folder, 'vocab.txt'), '[PAD]\n[UNK]\n[CLS]\n[SEP]\n');
  return folder;
}

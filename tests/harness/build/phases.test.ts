// Progress of builds: a line for each phase, and how long it may still be.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectedSeconds, keepBuildTimes } from '../../../harness/build/build-times.js';
import { createPhases } from '../../../harness/build/phases.js';
import { temporaryFolder } from '../../built.js';

function timedPhases() {
  const lines: string[] = [];
  let ms = 0;
  const phases = createPhases({ say: (line) => void lines.push(line.trim()), nowMs: () => ms });
  return { lines, phases, pass: (seconds: number) => (ms += seconds * 1000) };
}

describe('phases', () => {
  it('tell what each took, and nothing of what is left where no build is known', () => {
    const { lines, phases, pass } = timedPhases();
    phases.begin('read');
    pass(1.5);
    phases.begin('write');
    pass(3);
    expect(phases.seconds()).toEqual({ read: 1.5, write: 3 });
    expect(lines).toEqual(['0.0 s  read', '1.5 s  write']);
  });

  it('tell what may be left of the phases that have not ended, as an estimate, from two seconds on', () => {
    const { lines, phases, pass } = timedPhases();
    phases.begin('read');
    phases.expect({ read: 1, write: 8.4, optimise: 290, hash: 1 });
    pass(4);
    phases.begin('write');
    phases.begin('a phase that the other had not');
    phases.begin('hash'); // what would have been optimised was there
    expect(lines).toEqual([
      '0.0 s  read',
      '4.0 s  write (about 5 min left, estimated from an earlier build)',
      '4.0 s  a phase that the other had not (about 5 min left, estimated from an earlier build)',
      '4.0 s  hash',
    ]);
  });
});

describe('times of earlier builds', () => {
  const kind = { kind: 'onnxruntime int8', machine: 'a processor', parameter_count: 1e6 };

  it('are those of the nearest model of that kind on that machine, in proportion to its size', () => {
    const folder = temporaryFolder();
    expect(expectedSeconds(folder, kind)).toBeUndefined();
    keepBuildTimes(folder, { ...kind, seconds: { write: 9 } });
    keepBuildTimes(folder, { ...kind, seconds: { write: 2, optimise: 4 } });
    keepBuildTimes(folder, { ...kind, parameter_count: 1e8, seconds: { write: 300 } });
    keepBuildTimes(folder, { ...kind, machine: 'another', seconds: { write: 70 } });
    expect(expectedSeconds(folder, { ...kind, parameter_count: 2e6 })).toEqual({ write: 4, optimise: 8 });
    expect(expectedSeconds(folder, { ...kind, kind: 'onnxruntime fp32' })).toBeUndefined();
  });

  it('that cannot be read or kept stop nobody', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'build-times.json'), '[{"kind":');
    expect(expectedSeconds(folder, kind)).toBeUndefined();
    keepBuildTimes(folder, { ...kind, seconds: { write: 1 } });
    expect(expectedSeconds(folder, kind)).toEqual({ write: 1 });
    expect(() => keepBuildTimes(join(folder, 'none'), { ...kind, seconds: {} })).not.toThrow();
  });
});

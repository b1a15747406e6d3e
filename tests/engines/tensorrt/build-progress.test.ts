// What a person hears while TensorRT builds.

import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { BuildProgress } from '../../../engines/contract.js';
import { createBuildLines } from '../../../engines/tensorrt/build-progress.js';
import { createBuildBar } from '../../../harness/build-bar.js';

/** A build of 60 s that tells a thousand steps, and a warning at each of them. */
function hearBuild(onProgress?: (progress: BuildProgress | undefined) => void): readonly string[] {
  const reported: string[] = [];
  let nowMs = 0;
  const lines = createBuildLines({ report: (line) => reported.push(line), onProgress, nowMs: () => nowMs });
  lines.hear('progress: Building Engine');
  for (let step = 0; step < 1000; step++) {
    nowMs += 60;
    lines.hear(`progress: Tactic Selection ${step % 100} %`);
    lines.hear(`warning: layer Conv_${step} and constant_${step}_output differ in type`);
    lines.hear('warning: Missing scale and zero-point for tensor x');
    lines.hear(
      'warning: Attribute dq_probs not found in plugin node! Ensure that the plugin creator has a default',
    );
    if (step % 100 === 99) lines.hear(`progress: Building Engine ${(step + 1) / 10} %`);
  }
  lines.end();
  return reported;
}

describe('the build of an engine', () => {
  it('says every few seconds how far it is and what it does, and the first warning of its kind', () => {
    const reported = hearBuild();
    expect(reported[0]).toBe('  warning: layer Conv_0 and constant_0_output differ in type');
    expect(reported.at(-1)).toBe('  999 more lines of these kinds');
    const progress = reported.slice(1, -1);
    expect(progress).toHaveLength(11);
    expect(progress[0]).toBe('  TensorRT: 0 %, Tactic Selection, 5 s');
    expect(progress.at(-1)).toBe('  TensorRT: 90 %, Tactic Selection, 55 s');
  });

  it('where progress is shown as it comes, writes no lines of it, and ends what is shown', () => {
    const shown: (BuildProgress | undefined)[] = [];
    expect(hearBuild((progress) => shown.push(progress))).toHaveLength(2);
    const shares = shown.flatMap((progress) => (progress === undefined ? [] : [progress.share]));
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
    expect(shown.at(-1)).toBeUndefined();
  });

  it('has a bar on a terminal alone, which leaves nothing behind', () => {
    expect(createBuildBar(new PassThrough())).toBeUndefined();
    expect(createBuildBar(Object.assign(new PassThrough(), { isTTY: true }), true)).toBeUndefined();
    const terminal = Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 120,
      clearLine: () => true,
      cursorTo: () => true,
    });
    const show = createBuildBar(terminal)!;
    show(undefined);
    expect(terminal.read()).toBeNull();
    show({ share: 0.4, phase: 'Tactic Selection', elapsed_s: 12 });
    show(undefined);
    const written = String(terminal.read());
    expect(written).toMatch(/TensorRT \[=+-+\] 40% 12 s {2}Tactic Selection/);
    expect(written.endsWith('\u001b[2K')).toBe(true); // the line is cleared
  });
});

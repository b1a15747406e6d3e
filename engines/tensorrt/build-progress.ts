// What a person hears while TensorRT builds. The addon tells hundreds of phases and steps a minute: they become how far the
// outermost phase is and what is going on inside; what is not progress is passed on as it is, the first line of its kind.

import type { BuildProgress } from '../contract.js';

export interface BuildListener {
  readonly report: (line: string) => void;
  /** As of EngineRequest. */
  readonly onProgress?: ((progress: BuildProgress | undefined) => void) | undefined;
  readonly nowMs: () => number;
}

export interface BuildLines {
  /** A line of the addon. */
  readonly hear: (line: string) => void;
  /** The build is over, however it ended. */
  readonly end: () => void;
}

/** Where nothing shows progress as it comes: a plain line, so often. */
const LINE_EVERY_MS = 5000;

export function createBuildLines({ report, onProgress, nowMs }: BuildListener): BuildLines {
  const startMs = nowMs();
  let lastMs = startMs;
  let whole: { readonly phase: string; share: number } | undefined;
  /** How many lines of a kind came after its first. */
  const heard = new Map<string, number>();

  const hearProgress = (phase: string, share: number): void => {
    whole ??= { phase, share };
    if (phase === whole.phase) whole.share = Math.max(whole.share, share);
    const now = nowMs();
    const progress = { share: whole.share, phase, elapsed_s: (now - startMs) / 1000 };
    if (onProgress !== undefined) onProgress(progress);
    else if (now - lastMs >= LINE_EVERY_MS) {
      lastMs = now;
      report(`  ${progressText(progress)}`);
    }
  };
  return {
    hear(line) {
      const [, phase, percent = '0'] = /^progress: (.+?)(?: (\d+) %)?$/.exec(line) ?? [];
      if (phase !== undefined) hearProgress(phase, Number(percent) / 100);
      else if (!isNoise(line)) {
        const kind = kindOf(line);
        const more = heard.get(kind);
        heard.set(kind, more === undefined ? 0 : more + 1);
        if (more !== undefined) return;
        onProgress?.(undefined); // what is shown makes room for a line
        report(`  ${line}`);
      }
    },
    end() {
      onProgress?.(undefined);
      const more = [...heard.values()].reduce((sum, count) => sum + count, 0);
      if (more > 0) report(`  ${more} more lines of these kinds`);
    },
  };
}

/** For people: 40 %, Tactic Selection, 12 s */
export function progressText({ share, phase, elapsed_s }: BuildProgress): string {
  return `TensorRT: ${(100 * share).toFixed(0)} %, ${phase}, ${elapsed_s.toFixed(0)} s`;
}

/** Lines that differ in numbers and in the names of tensors and layers alone (Conv_12, constant_12_output) are of a kind. */
const kindOf = (line: string): string => line.replaceAll(/[A-Za-z]\w*_\d+\w*|\d+/g, '#');

/**
 * Lines that say what is meant: tensors without a range stay fp16, and a plugin takes its own default for an attribute that
 * the network leaves out.
 */
export const isNoise = (line: string): boolean =>
  /Missing scale and zero-point|Calibrator is not being used|deprecated|No algorithm supported|Attribute \w+ not found in plugin node/i.test(
    line,
  );

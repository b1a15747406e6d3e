// What this processor can do, as far as engines depend on it.

import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { StoredWeights } from '../bert/graph-options.js';

export const processorModel = (): string => cpus()[0]?.model ?? 'unknown';

/** In the kernel's words; two machines may share a model name and differ in this. */
export function processorFlags(): string {
  try {
    return /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim() ?? '';
  } catch {
    return ''; // not Linux
  }
}

/**
 * The form of int8 weights that ONNX Runtime's kernels multiply exactly and fastest. x86 processors without VNNI need 7 bits;
 * one that does not tell its flags is taken for such. Two cores of Zen 3, default model, dynamic int8, processor time per
 * sample and F1: int8 of 8 bits 38.0 ms, but its saturating sums triple the error of the logits (0.22 against 0.076 root mean
 * square); uint8 45.2 ms, F1 72.49; 7 bits 38.1 ms, F1 71.98 (fp32: 59.3 ms, F1 72.39).
 */
export function storedWeightsFor(
  arch: string = process.arch,
  flags: string = processorFlags(),
): StoredWeights {
  const isX86 = arch === 'x64' || arch === 'ia32';
  return isX86 && !/\b(?:avx512_vnni|avx_vnni|amx_int8)\b/.test(flags) ? 'int7' : 'int8';
}

/** For a result's facts. */
export function storedWeightsText(weights: StoredWeights): string {
  return weights === 'int8'
    ? '8 bits'
    : '7 bits: this processor has no VNNI, and 8 bits would saturate in its 16-bit sums';
}

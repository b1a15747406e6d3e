// The two banner blocks that close a call. Their layout and keys are those of NVIDIA's harness: people grep them.

import type { RunOutcome } from './run-outcome.js';

/** All runs of a call, in order, as the text that ends it. */
export function closingBlocks(outcomes: readonly RunOutcome[]): string {
  const performance = outcomes.map(
    (run) => [run.config_name, [performanceLine(run), ...whyInvalid(run)].join('\n')] as const,
  );
  const accuracy = outcomes.map((run) => [run.config_name, accuracyLine(run, outcomes)] as const);
  return [block('Perf harness results:', performance), block('Accuracy results:', accuracy)].join('\n');
}

/** `{config name: {benchmark: text}}`, the content of perf_harness_summary.json and accuracy_summary.json. */
export function summaryObjects(outcomes: readonly RunOutcome[]): {
  readonly performance: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly accuracy: Readonly<Record<string, Readonly<Record<string, string>>>>;
} {
  const performance: Record<string, Record<string, string>> = {};
  const accuracy: Record<string, Record<string, string>> = {};
  for (const run of outcomes) {
    performance[run.config_name] = { [run.benchmark_short]: performanceLine(run) };
    accuracy[run.config_name] = { [run.benchmark_short]: accuracyLine(run, outcomes) };
  }
  return { performance, accuracy };
}

function block(title: string, lines: readonly (readonly [string, string])[]): string {
  const banner = `======================= ${title} =======================`;
  const body = lines.map(([name, text]) => `${name}:\n    bert: ${text}\n`).join('\n');
  return `\n${banner}\n\n${body}`;
}

/** `result_samples_per_second: 170.2, Result is VALID`, with the marks a reader must not miss. */
export function performanceLine(run: RunOutcome): string {
  if (run.performance === undefined)
    return 'Cannot find performance result. Maybe you are running in AccuracyOnly mode.';
  const { metric_key, metric, result_validity, peak_qps } = run.performance;
  const peak =
    peak_qps === undefined ? '' : `highest server_target_qps: ${formatMetric(peak_qps)}, at which `;
  const marks = run.submittable ? '' : ` (not submittable: ${firstOf(run.notSubmittableBecause)})`;
  const doubts =
    run.performance.doubtful.length === 0 ? '' : ` (doubtful: ${run.performance.doubtful.join('; ')})`;
  return `${peak}${metric_key}: ${formatMetric(metric)}, Result is ${result_validity}${doubts}${marks}`;
}

/** `Accuracy = 72.389, Threshold = 71.665. Accuracy test PASSED.` */
function accuracyLine(run: RunOutcome, outcomes: readonly RunOutcome[]): string {
  if (run.accuracy === undefined) {
    const judged = outcomes.find((other) => other.accuracy !== undefined && isSameVariant(run, other));
    const once = judged === undefined ? '' : ` (--quick judges it once: see ${judged.config_name})`;
    return `No accuracy results in PerformanceOnly mode.${once}`;
  }
  const { f1, exact_match, threshold, passed, changed_count, missing_sample_count } = run.accuracy;
  const verdict =
    threshold === undefined
      ? 'no reference, not judged'
      : `Threshold = ${threshold.toFixed(3)}. Accuracy test ${passed ? 'PASSED' : 'FAILED'}.`;
  const changed =
    changed_count === 0
      ? ''
      : `; ${changed_count} answers differ from the reference's, see changed_answers.json`;
  const missing = missing_sample_count === 0 ? '' : `; ${missing_sample_count} samples have no response`;
  return `Accuracy = ${f1.toFixed(3)}, ${verdict} (F1 ${f1.toFixed(3)}, EM ${exact_match.toFixed(3)}${changed}${missing})`;
}

/** Whether two runs differ in their scenario alone: the last part of the name. */
const isSameVariant = (a: RunOutcome, b: RunOutcome): boolean => withoutScenario(a) === withoutScenario(b);
const withoutScenario = ({ config_name }: RunOutcome): string => config_name.replace(/-\w+$/, '');

/** A diagnosis, not a word: each reason of an INVALID on a line of its own, with what to do. */
function whyInvalid(run: RunOutcome): readonly string[] {
  return (run.performance?.reasons ?? []).map((reason) => `        ${reason}`);
}

/** One reason is enough on the screen; metadata.json has them all. */
function firstOf(reasons: readonly string[]): string {
  const [first = 'see metadata.json', ...more] = reasons;
  return more.length === 0 ? first : `${first}; ${more.length} more reasons in metadata.json`;
}

function formatMetric(value: number): string {
  return Number.isInteger(value) ? value.toString() : Number(value.toPrecision(6)).toString();
}

// One loaded set after another: load, generate, issue, log, unload; sample ids and the sampling of responses run on through a
// test. Follows loadgen/loadgen.cc RunPerformanceMode and RunAccuracyMode (loadgen.md 13.3, 17).

import type { createAccuracySampling } from './accuracy-sampling.js';
import type { Clock, QuerySampleLibrary, SystemUnderTest } from './contract.js';
import type { EffectiveSettings } from './effective-settings.js';
import { issuePhase, type IssuedPhase } from './issue-phase.js';
import type { StartedIssueThreads } from './issue-threads.js';
import type { LogFiles } from './logs/log-files.js';
import { powerStamp } from './logs/time-stamps.js';
import { cell } from './phase-cells.js';
import { logEndOfIssue } from './phase-outcome.js';
import type { SharedPhase } from './phase-records.js';
import { generateQueries } from './queries.js';
import { sampleSets, type Phase, type SampleSet } from './sample-sets.js';

/** What the sets of one test have in common. */
export interface SetRunnerSetup {
  readonly sut: SystemUnderTest;
  readonly issueThreads: StartedIssueThreads | undefined;
  readonly qsl: QuerySampleLibrary;
  readonly logs: LogFiles;
  readonly clock: Clock;
  readonly control: Int32Array;
  readonly sampling: ReturnType<typeof createAccuracySampling>;
  /** 0 = wait forever. */
  readonly stallTimeoutMs: number;
  readonly onPhase: ((shared: SharedPhase) => void) | undefined;
}

/** Runs the sets of one test. */
export interface SetRunner {
  /** The sets of a phase. */
  cutSets(effective: EffectiveSettings, phase: Phase, qslTotal: number): readonly SampleSet[];
  /** Loads a set, runs its queries once, unloads it. */
  run(effective: EffectiveSettings, phase: Phase, set: SampleSet): Promise<IssuedPhase>;
  /** Untimed; for a set that is run several times. */
  load(set: SampleSet): Promise<void>;
  /** Generates, issues and logs the queries of a loaded set. */
  issue(effective: EffectiveSettings, phase: Phase, set: SampleSet): Promise<IssuedPhase>;
  unload(set: SampleSet): Promise<void>;
  /** Logs the completions that came after the end of their phase, until now; after each phase and at the end of the test. */
  logLate(): void;
}

/** True when nothing more may run in this test. */
export const mustEnd = ({ end, failure }: IssuedPhase): boolean =>
  end.kind === 'interrupted' || failure !== undefined;

/** Counters of the C++ logger, in every log of it; ours has nothing to retry. */
const LOGGER_COUNTERS = [
  'logger_swap_request_slots_retry_count',
  'logger_swap_request_slots_retry_retry_count',
  'logger_swap_request_slots_retry_reencounter_count',
  'logger_start_reading_entries_retry_count',
  'logger_tls_total_log_cas_fail_count',
  'logger_tls_total_swap_buffers_slot_retry_count',
].map((key) => [key, 0] as const);

/** Starts at sample id 0. */
export function createSetRunner(setup: SetRunnerSetup): SetRunner {
  const { sut, issueThreads, qsl, logs, clock, control, sampling, stallTimeoutMs, onPhase } = setup;
  const { detail, accuracy, trace } = logs;
  let firstSampleId = 0;
  let firstQueryId = 0;
  /** Phases that are over, without their arrays: a SUT may still complete samples of theirs. */
  const over: { readonly counters: Int32Array; readonly firstSampleId: number; lateLogged: number }[] = [];

  const logLate = (): void => {
    for (const phase of over) {
      const late = Atomics.load(phase.counters, cell.completedLate);
      if (late === phase.lateLogged) continue;
      phase.lateLogged = late;
      detail.error('error_runtime', lateText(phase, firstSampleId));
      if (late > 1)
        detail.error('error_runtime', `Samples were completed after the end of their phase. count: ${late}`);
    }
  };

  const load = async (set: SampleSet): Promise<void> => {
    const fromNs = clock.now();
    await qsl.loadSamplesToRam(set.sampleIndices);
    trace?.span('LoadSamples', fromNs, clock.now(), { count: set.sampleIndices.length });
    detail.log([['loaded_qsl_set', set.sampleIndices]]);
  };
  const unload = async (set: SampleSet): Promise<void> => {
    const fromNs = clock.now();
    await qsl.unloadSamplesFromRam(set.sampleIndices);
    trace?.span('UnloadSamples', fromNs, clock.now(), { count: set.sampleIndices.length });
  };
  const issue: SetRunner['issue'] = async (effective, phase, set) => {
    const fromNs = clock.now();
    const plan = generateQueries(effective, phase, set);
    trace?.span('GenerateQueries', fromNs, clock.now(), { count: plan.queryCount });
    detail.log([
      ['generated_query_count', plan.queryCount],
      ['generated_samples_per_query', plan.samplesPerQuery],
      ['generated_query_duration', plan.generatedDurationNs],
    ]);
    const issued = await issuePhase({
      sut,
      issueThreads,
      effective,
      clock,
      phase,
      plan,
      firstSampleId,
      isTraced: trace !== undefined,
      isLogged: sampling.mark(phase, plan.sampleIndices.length),
      control,
      stallTimeoutMs,
      onPhase,
      firstTokenFile: `${logs.paths.accuracy}.first-tokens`,
      onResponse: ({ sampleIndices, tokenCounts }, sample, response, firstToken) =>
        accuracy.write(
          firstSampleId + sample,
          sampleIndices[sample]!,
          response,
          tokenCounts[sample],
          firstToken,
        ),
    });
    const { shared, startNs, queriesIssued, durationNs } = issued;
    trace?.span(phase, startNs, startNs + durationNs, { queries: queriesIssued });
    trace?.phase({ scenario: effective.scenario, shared, startNs, firstQueryId });
    over.push({ counters: shared.counters, firstSampleId, lateLogged: 0 });
    firstSampleId += shared.sampleCount;
    firstQueryId += shared.queryCount;
    logEndOfIssue(detail, issued, effective);
    logLate();
    detail.log(LOGGER_COUNTERS);
    detail.log([
      ['power_begin', powerStamp(issued.startWallMs)],
      ['power_end', powerStamp(issued.startWallMs + durationNs / 1e6)],
    ]);
    if (issued.responseError !== undefined) throw issued.responseError; // the disk's: a SetupError
    return issued;
  };

  return {
    cutSets(...given) {
      const fromNs = clock.now();
      const sets = sampleSets(...given);
      trace?.span('GenerateLoadableSets', fromNs, clock.now());
      return sets;
    },
    load,
    issue,
    unload,
    logLate,
    async run(effective, phase, set) {
      await load(set);
      const issued = await issue(effective, phase, set);
      await unload(set);
      return issued;
    },
  };
}

function lateText(
  phase: { readonly counters: Int32Array; readonly firstSampleId: number },
  minExpectedId: number,
): string {
  const last = phase.firstSampleId + Atomics.load(phase.counters, cell.lateEnd) - 1;
  return `Received completion for an old sample. Min expected id: ${minExpectedId} Actual id: ${last}`;
}

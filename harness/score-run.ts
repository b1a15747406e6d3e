// From a run's accuracy log to F1/EM, judged against the model's own reference figures.

import type { BenchmarkConfig } from '../configs/benchmark-config.js';
import type { TestMode } from '../configs/test-settings.js';
import type { Engine } from '../engines/contract.js';
import { scoreAccuracyLog } from './accuracy/score.js';
import type { AccuracyResult } from './accuracy/score.js';
import type { FinishedRun } from './drive-loadgen.js';
import type { OpenQsl } from './qsl/open-qsl.js';
import { modelFolder } from './model-files.js';
import { inputPath } from './places.js';
import { readReferenceModel } from './reference-model.js';

export interface ScoreRequest {
  readonly config: BenchmarkConfig;
  readonly mode: TestMode;
  readonly run: FinishedRun;
  readonly qsl: OpenQsl;
  readonly engine: Engine;
}

/**
 * Scores an accuracy run: writes accuracy.txt and predictions.json beside its log. Undefined after a performance run
 * and after an interrupted one, whose log is not complete.
 */
export async function scoreRun({
  config,
  mode,
  run,
  qsl,
  engine,
}: ScoreRequest): Promise<AccuracyResult | undefined> {
  const hasAccuracy = mode === 'AccuracyOnly' || mode === 'SubmissionRun';
  if (!hasAccuracy || run.result.interrupted) return undefined;
  const reference = readReferenceModel(
    modelFolder(inputPath(config.settings.model)),
    engine.facts.model_sha256,
    config.settings.data,
  );
  return scoreAccuracyLog({
    logFile: run.result.logFiles.accuracy,
    qsl,
    outDir: run.folder,
    ...(reference === undefined ? {} : { threshold: reference.f1 * config.accuracy_target }),
    ...(reference?.predictionsFile === undefined ? {} : { referencePredictions: reference.predictionsFile }),
  });
}

// Where LoadGen's logs of one run go, under LoadGen's own names.

import type { LogSettings } from '../scenarios/logs/log-files.js';

/** mlperf_log_summary.txt, mlperf_log_detail.txt and mlperf_log_accuracy.json in `folder`. */
export function logSettingsFor(folder: string): LogSettings {
  return {
    outdir: folder,
    prefix: 'mlperf_log_',
    suffix: '',
    prefix_with_datetime: false,
    copy_detail_to_stdout: false,
    copy_summary_to_stdout: false,
    enable_trace: false,
  };
}

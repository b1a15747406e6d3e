// What the doctor looks at beside the machine itself: texts of the kernel, files and versions. Gathered by gather.ts, judged by
// the checks, which are pure.

/** A file that a run reads. */
export interface InputFile {
  readonly path: string;
  /** Null where it is not there or cannot be read. */
  readonly sha256: string | null;
  /** What it should be: as shipped, or as the manifest of a fetched folder says; undefined for a person's own. */
  readonly expected: string | undefined;
  readonly bytes: number;
}

export interface HostFacts {
  /** v20.19.0 */
  readonly node: string;
  /** Null where npm is not there: only building needs it. */
  readonly npm: string | null;
  /** loadrig 0.1.0 (commit) */
  readonly program: string;
  /** Why engine tensorrt cannot run here; null where it can, and where nothing asks for it. */
  readonly tensorrtProblem: string | null;
  readonly onnxruntime: {
    /** Null where the package is not installed. */
    readonly version: string | null;
    /** Folder of the binaries for this platform, as the package names it: linux/x64. */
    readonly platform: string;
    /** Names of the files in it. */
    readonly files: readonly string[];
  };
  readonly inputs: {
    readonly modelDir: string;
    /** As the settings name it. */
    readonly modelName: string;
    /** Weights, vocabulary and configuration; empty where the folder is not there. */
    readonly model: readonly InputFile[];
    /** What the folder lacks to be a model, for people. */
    readonly modelLacks: readonly string[];
    readonly data: InputFile;
    /** Content of the model's config.json; empty where it is not there. */
    readonly modelConfig: string;
  };
  readonly disk: {
    readonly folder: string;
    /** Null where the system does not tell. */
    readonly freeBytes: number | null;
    readonly totalBytes: number | null;
    /** Of a short file written through to the disk; null where it could not be written. */
    readonly writtenBytesPerSecond: number | null;
  };
  /** /proc/meminfo, now */
  readonly meminfo: string;
  /** memory.max and memory.current of the cgroup; empty outside. */
  readonly cgroupMemoryMax: string;
  readonly cgroupMemoryCurrent: string;
  /** cpu.max of the cgroup */
  readonly cgroupCpuMax: string;
  /** /proc/self/limits */
  readonly limits: string;
  /** /proc/self/status */
  readonly status: string;
  /** /proc/loadavg */
  readonly loadavg: string;
  /** /proc/self/timerslack_ns */
  readonly timerSlackNs: string;
  /** /sys/devices/system/clocksource/clocksource0/current_clocksource */
  readonly clockSource: string;
  /** /sys/devices/system/cpu/isolated */
  readonly isolatedCpus: string;
  /** intel_pstate/no_turbo: 0 or 1 */
  readonly noTurbo: string;
  /** cpufreq/boost: 0 or 1 */
  readonly boost: string;
}

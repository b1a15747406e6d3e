// The CPU, the kernel and the limits of this process: what makes latencies late and figures drift.

import type { SystemDescription } from '../../systems/schema.js';
import { checksOf } from './check.js';
import type { Check } from './check.js';
import type { HostFacts } from './host-facts.js';

/** Governor, turbo, cores that may be used, clock, timers, load. */
export function checkCpu(facts: HostFacts, system: SystemDescription): readonly Check[] {
  const { ok } = checksOf('CPU');
  const { host_processor_features: features } = system;
  return [
    ok(
      'processor',
      `${system.host_processor_model_name}, ${system.available_cores} cores to use${features.length === 0 ? '' : `; ${features.join(' ')}`}`,
    ),
    governorCheck(system.cpu_governor),
    turboCheck(facts),
    coresCheck(facts, system),
    clockCheck(facts),
    timerCheck(facts),
    loadCheck(facts, system),
  ];
}

function governorCheck(governor: string | null): Check {
  const { ok, warning } = checksOf('CPU');
  if (governor === null) return ok('governor', 'not shown (a virtual machine, or another system)');
  return governor === 'performance'
    ? ok('governor', governor)
    : warning(
        'governor',
        governor,
        'Clocks follow the load late: sudo cpupower frequency-set -g performance',
      );
}

function turboCheck({ noTurbo, boost }: HostFacts): Check {
  const { ok } = checksOf('CPU');
  const isOff = noTurbo.trim() === '1' || boost.trim() === '0';
  if (noTurbo.trim() === '' && boost.trim() === '') return ok('turbo', 'not shown');
  return ok('turbo', isOff ? 'off: slower, and steadier' : 'on: speed depends on heat and neighbours');
}

function coresCheck(
  { status, isolatedCpus, cgroupCpuMax }: HostFacts,
  { host_logical_processor_count: all }: SystemDescription,
): Check {
  const { ok, warning } = checksOf('CPU');
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1];
  const [quota = Number.NaN, period = Number.NaN] = cgroupCpuMax.trim().split(/\s+/).map(Number);
  const isolated = isolatedCpus.trim();
  const shown = [
    `${allowed === undefined ? 'affinity not shown' : `may use ${allowed}`} of ${all}`,
    isolated === '' ? 'none isolated' : `isolated: ${isolated}`,
  ].join(', ');
  return quota > 0 && period > 0
    ? warning(
        'cores',
        `${shown}; a quota of ${Number((quota / period).toFixed(2))} cores`,
        'A quota stops all threads for parts of each period, the driver too. Give whole cores: docker run --cpuset-cpus',
      )
    : ok('cores', shown);
}

/** Clocks that are read without a system call. */
const fastClocks = ['tsc', 'kvm-clock', 'arch_sys_counter', 'hyperv_clocksource_tsc_page'];

function clockCheck({ clockSource }: HostFacts): Check {
  const { ok, warning } = checksOf('CPU');
  const source = clockSource.trim();
  if (source === '') return ok('clock source', 'not shown');
  return fastClocks.includes(source)
    ? ok('clock source', source)
    : warning(
        'clock source',
        source,
        'Every reading of the clock is a system call. Choose tsc: echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource (or the kernel option tsc=reliable)',
      );
}

/** Linux' default; more makes every sleep longer. */
const USUAL_SLACK_NS = 50_000;

function timerCheck({ timerSlackNs }: HostFacts): Check {
  const { ok, warning } = checksOf('CPU');
  const slack = Number(timerSlackNs.trim() || Number.NaN);
  if (Number.isNaN(slack)) return ok('timer slack', 'not shown');
  const found = `${slack / 1000} µs`;
  return slack <= USUAL_SLACK_NS
    ? ok('timer slack', found)
    : warning(
        'timer slack',
        found,
        'Sleeping threads wake late; a parent process has raised it above 50 µs.',
      );
}

/** Share of the cores that others may use before figures suffer. */
const QUIET_SHARE = 0.25;

function loadCheck({ loadavg }: HostFacts, { host_logical_processor_count: all }: SystemDescription): Check {
  const { ok, warning } = checksOf('CPU');
  const load = Number(loadavg.trim().split(' ')[0] || Number.NaN);
  if (Number.isNaN(load)) return ok('load', 'not shown');
  const found = `${load} of ${all} cores in the last minute`;
  return load <= QUIET_SHARE * all
    ? ok('load', found)
    : warning('load', found, 'Other work shares the machine; measure when it is quiet (top shows who).');
}

/** Open files, locked memory, processes. */
export function checkLimits({ limits }: HostFacts, needsGpu: boolean): readonly Check[] {
  const { ok, warning } = checksOf('limits');
  const soft = (name: string) => new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(limits)?.[1];
  const files = soft('Max open files');
  const locked = soft('Max locked memory');
  const isBelow = (text: string, least: number) => text !== 'unlimited' && Number(text) < least;
  return [
    files === undefined
      ? ok('open files', 'not shown')
      : isBelow(files, 1024)
        ? warning('open files', files, 'ulimit -n 4096')
        : ok('open files', files),
    locked === undefined
      ? ok('locked memory', 'not shown')
      : needsGpu && isBelow(locked, 2 ** 26)
        ? warning(
            'locked memory',
            `${locked} bytes`,
            'Copies to and from GPUs pin memory: ulimit -l unlimited (docker run --ulimit memlock=-1)',
          )
        : ok('locked memory', locked === 'unlimited' ? locked : `${locked} bytes`),
  ];
}

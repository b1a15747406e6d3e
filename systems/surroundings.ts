// What surrounds a run: container, libraries for GPUs, NUMA nodes, disks and network, from captured texts and names. Pure.

export interface CapturedContainer {
  /** /.dockerenv exists. */
  readonly hasDockerenv: boolean;
  /** /run/.containerenv, which Podman writes; undefined where it is not there. */
  readonly containerenv: string | undefined;
  /** /proc/self/cgroup */
  readonly cgroup: string;
  /** The variable `container`, which systemd-nspawn, LXC and Podman set. */
  readonly containerVariable: string;
  /** KUBERNETES_SERVICE_HOST is set. */
  readonly hasKubernetesService: boolean;
}

/** kubernetes, docker, podman, containerd, lxc …; null outside containers. */
export function containerOf(captured: CapturedContainer): string | null {
  const { cgroup, containerVariable } = captured;
  if (captured.hasKubernetesService || cgroup.includes('kubepods')) return 'kubernetes';
  if (captured.hasDockerenv || /\/docker[/-]/.test(cgroup)) return 'docker';
  if (captured.containerenv !== undefined || cgroup.includes('libpod')) return 'podman';
  if (/containerd|cri-/.test(cgroup)) return 'containerd';
  if (cgroup.includes('/lxc')) return 'lxc';
  return containerVariable === '' ? null : containerVariable;
}

/** A library that a GPU engine loads. */
export interface Library {
  readonly library: (typeof librariesOfInterest)[number]['library'];
  /** From its file name; null where that has none. */
  readonly version: string | null;
  readonly path: string;
}

const librariesOfInterest = [
  { library: 'TensorRT', file: /^libnvinfer\.so/ },
  { library: 'TensorRT plugins', file: /^libnvinfer_plugin\.so/ },
  { library: 'CUDA driver', file: /^libcuda\.so/ },
  { library: 'CUDA runtime', file: /^libcudart\.so/ },
  { library: 'cuDNN', file: /^libcudnn\.so/ },
  { library: 'cuBLAS', file: /^libcublas\.so/ },
] as const;

/** Whether a file's name is of interest here; capturing looks at nothing else. */
export const isLibraryOfInterest = (name: string): boolean =>
  librariesOfInterest.some(({ file }) => file.test(name));

/** The libraries among files, each once: with the most exact version, then the first place of the search order. */
export function librariesOf(paths: readonly string[]): readonly Library[] {
  return librariesOfInterest.flatMap(({ library, file }) => {
    const found = paths
      .filter((path) => file.test(baseName(path)))
      .map((path) => ({ library, version: /\.so\.(\d[\d.]*)$/.exec(path)?.[1] ?? null, path }));
    const digits = (each: Library) =>
      (each.version ?? '').split('.').length + (each.version === null ? 0 : 1);
    const [best] = found.toSorted((a, b) => digits(b) - digits(a));
    return best === undefined ? [] : [best];
  });
}

const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1);

export interface NumaNode {
  readonly node: number;
  /** 0-15,32-47 */
  readonly cpus: string;
}

/** A whole disk of /sys/block. */
export interface CapturedDisk {
  readonly name: string;
  /** /sys/block/NAME/size, in units of 512 bytes. */
  readonly sectors: string;
  /** /sys/block/NAME/queue/rotational */
  readonly rotational: string;
}

export interface Disk {
  readonly name: string;
  readonly kind: 'NVMe SSD' | 'SSD' | 'HDD' | 'virtual disk' | 'flash (eMMC)';
  readonly bytes: number;
}

/** Disks that hold data; loop devices, RAM disks and optical drives are none. */
export function disksOf(captured: readonly CapturedDisk[]): readonly Disk[] {
  return captured
    .filter(({ name, sectors }) => /^(nvme|sd|vd|xvd|mmcblk\d+$)/.test(name) && Number(sectors) > 0)
    .map(({ name, sectors, rotational }) => ({
      name,
      kind: kindOf(name, rotational.trim() === '1'),
      bytes: Number(sectors) * 512,
    }));
}

function kindOf(name: string, isRotational: boolean): Disk['kind'] {
  if (name.startsWith('nvme')) return 'NVMe SSD';
  if (name.startsWith('mmcblk')) return 'flash (eMMC)';
  if (/^(vd|xvd)/.test(name)) return 'virtual disk';
  return isRotational ? 'HDD' : 'SSD';
}

export interface NetworkCard {
  readonly name: string;
  /** Null where the link is down or virtual. */
  readonly mbit_per_second: number | null;
}

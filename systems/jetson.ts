// Jetson boards: modules whose GPU shares the memory of the CPU. Known by their chip, never by the carrier board's name.

/** Texts of the device tree and of the board's software; empty elsewhere. */
export interface CapturedBoard {
  /** /proc/device-tree/model */
  readonly model: string;
  /** /proc/device-tree/compatible: names separated by NUL. */
  readonly compatible: string;
  /** /etc/nv_tegra_release */
  readonly tegraRelease: string;
}

export interface JetsonBoard {
  /** As the device tree names it; may be a carrier board of another maker. */
  readonly model: string;
  /** tegra194, tegra234 … */
  readonly chip: string;
  readonly gpu_name: string;
  readonly compute_capability: number;
  /** Jetson Linux: 35.4.1 …; null where the file is not there. */
  readonly l4t_version: string | null;
}

const chips: Readonly<Record<string, { readonly gpu_name: string; readonly compute_capability: number }>> = {
  tegra210: { gpu_name: 'Tegra X1', compute_capability: 5.3 },
  tegra186: { gpu_name: 'Tegra X2', compute_capability: 6.2 },
  tegra194: { gpu_name: 'Xavier', compute_capability: 7.2 },
  tegra234: { gpu_name: 'Orin', compute_capability: 8.7 },
  tegra264: { gpu_name: 'Thor', compute_capability: 11.0 },
};

/** The board, or undefined on every other machine. */
export function describeBoard({ model, compatible, tegraRelease }: CapturedBoard): JetsonBoard | undefined {
  const chip = /nvidia,(tegra\d+)/.exec(compatible)?.[1];
  const known = chip === undefined ? undefined : chips[chip];
  if (chip === undefined || known === undefined) return undefined;
  const [, release, revision] = /R(\d+) \(release\), REVISION: ([\d.]+)/.exec(tegraRelease) ?? [];
  return {
    model: model.replaceAll('\0', '').trim(),
    chip,
    ...known,
    l4t_version: release === undefined || revision === undefined ? null : `${release}.${revision}`,
  };
}

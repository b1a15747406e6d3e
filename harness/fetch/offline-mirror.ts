// --offline: a folder in place of the network. Files lie in it under their address or under the name that the preset gives them.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../../configs/errors.js';
import { presets } from './presets.js';

/**
 * The file that stands for `url` in a mirror.
 *
 * @param preset name of the preset, where there is one; `name` is the file's name in it.
 * @throws {SetupError} with every place that was looked at.
 */
export function findInMirror(mirror: string, url: string, name: string, preset: string | undefined): string {
  const places = mirrorPlaces(url, name, preset).map((place) => join(mirror, place));
  const found = places.find((place) => statSync(place, { throwIfNoEntry: false })?.isFile() === true);
  if (found !== undefined) return found;
  throw new SetupError(
    `offline: ${url} is not in the mirror. Looked for:\n${places.map((place) => `  ${place}`).join('\n')}\nPut the file into one of these places, or leave out --offline (and LOADRIG_OFFLINE) to load it from the network.`,
  );
}

/** Places in a mirror for one file, first the most exact. */
export function mirrorPlaces(url: string, name: string, preset: string | undefined): readonly string[] {
  const { host, pathname } = new URL(url);
  const parts = pathname.split('/').filter((part) => part !== '');
  const path = parts.map(decodedPart);
  // %2e%2e and %2f would lead out of the mirror.
  const isInside = path.every((part) => part !== '..' && !/[/\\]/.test(part));
  return [
    ...(preset === undefined ? [] : [join(preset, name)]),
    ...(isInside ? [join(host.replace(':', '_'), ...path), join(...path)] : []),
    ...(preset !== undefined && isOnlyOfOne(name) ? [name] : []),
  ];
}

/** vocab.txt alone in a mirror could be anybody's; train-v1.1.json could not. */
function isOnlyOfOne(name: string): boolean {
  return presets.filter(({ files }) => files.some((file) => file.name === name)).length === 1;
}

function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

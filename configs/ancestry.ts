// Chains of `extends`: what a GPU or a system takes over from its parents.

import { didYouMean } from './did-you-mean.js';
import { ConfigError } from './errors.js';

/**
 * An entry's parents and itself, oldest first.
 *
 * @param parentOf Every entry there is, with the entry it extends.
 * @param where What messages call an entry: the file it stands in.
 * @throws {ConfigError} for a parent that does not exist and for a chain that comes back to itself.
 */
export function ancestry(
  name: string,
  parentOf: ReadonlyMap<string, string | undefined>,
  where: (name: string) => string,
): readonly string[] {
  const chain = [name];
  for (;;) {
    const [oldest = name] = chain;
    const parent = parentOf.get(oldest);
    if (parent === undefined) return chain;
    if (chain.includes(parent)) {
      const circle = [parent, ...chain.slice(0, chain.indexOf(parent) + 1)].reverse();
      throw new ConfigError(
        `${where(oldest)}: "extends" goes round in a circle: ${circle.join(' → ')}. Leave one of them out.`,
      );
    }
    if (!parentOf.has(parent)) {
      throw new ConfigError(
        `${where(oldest)}: extends "${parent}", which does not exist${didYouMean(parent, [...parentOf.keys()])}`,
      );
    }
    chain.unshift(parent);
  }
}

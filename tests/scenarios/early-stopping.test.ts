import { describe, expect, it } from 'vitest';
import { createPassingQueriesFinder, discardable, lgamma, odds } from '../../scenarios/early-stopping.js';
import { readGolden } from '../golden-loadgen.js';

interface Golden {
  readonly fresh: readonly {
    readonly p: number;
    readonly d: number;
    readonly c: number;
    readonly t: number;
    readonly h: number;
  }[];
  readonly sequential: readonly {
    readonly p: number;
    readonly d: number;
    readonly c: number;
    readonly t_from: number;
    readonly h: readonly number[];
  }[];
  readonly random_order: readonly {
    readonly p: number;
    readonly d: number;
    readonly c: number;
    readonly calls_in_order: readonly (readonly [number, number])[];
  }[];
  readonly discard: readonly {
    readonly queries: number;
    readonly p: number;
    readonly h_min_plus_1: number;
    readonly enough: boolean;
    readonly t: number;
    readonly sorted_index_of_estimate: number;
  }[];
  readonly odds: readonly {
    readonly h: number;
    readonly t: number;
    readonly p: number;
    readonly d: number;
    readonly odds: number;
    readonly lbeta_h_1plust: number;
    readonly hyp: number;
  }[];
  readonly lgamma: readonly { readonly x: number; readonly lgamma: number }[];
}
const golden = readGolden<Golden>('early-stopping.json');

describe('early stopping agrees with the official LoadGen', () => {
  it('on every h(t) that a new finder finds', () => {
    const found = golden.fresh.map(({ p, d, c, t }) => createPassingQueriesFinder().find(t, p, d, c));
    expect(found).toEqual(golden.fresh.map(({ h }) => h));
  });

  it('on every h(t) in rising order of t', () => {
    for (const { p, d, c, t_from, h } of golden.sequential) {
      const finder = createPassingQueriesFinder();
      expect(h.map((_unused, i) => finder.find(t_from + i, p, d, c))).toEqual(h);
    }
  });

  it('even where its memory makes the answer depend on the order of the calls', () => {
    for (const { p, d, c, calls_in_order } of golden.random_order) {
      const finder = createPassingQueriesFinder();
      expect(calls_in_order.map(([t]) => [t, finder.find(t, p, d, c)])).toEqual(calls_in_order);
    }
  });

  it('on how many of the slowest queries an estimate discards', () => {
    for (const { queries, p, h_min_plus_1, enough, t, sorted_index_of_estimate } of golden.discard) {
      const finder = createPassingQueriesFinder();
      const discarded = discardable(finder, queries, p);
      expect({ queries, p, enough: discarded !== undefined }).toEqual({ queries, p, enough });
      expect(finder.find(1, p) + 1).toBe(h_min_plus_1);
      if (discarded !== undefined)
        expect([discarded, queries - discarded]).toEqual([t, sorted_index_of_estimate]);
    }
  });

  it.each([0.5, 0.9, 0.95, 0.97, 0.99, 0.999])(
    'on the number it reaches by counting one by one, at percentile %d',
    (p) => {
      const finder = createPassingQueriesFinder();
      const reached = Array.from({ length: 200 }, (_unused, i) => finder.find(i + 1, p) + i + 1);
      for (let i = 0; i + 1 < reached.length; i++) {
        const [first, last] = [reached[i]!, reached[i + 1]! - 1];
        expect([discardable(finder, first, p), discardable(finder, last, p)]).toEqual([i + 1, i + 1]);
      }
      expect(discardable(finder, reached[0]! - 1, p)).toBeUndefined();
    },
  );

  it('on the functions behind it, to twelve digits', () => {
    for (const each of golden.odds) {
      const found = odds(each.h, each.t, each.p, each.d);
      expect(Math.abs(found - each.odds)).toBeLessThanOrEqual(1e-7 * each.odds);
    }
    for (const { x, lgamma: expected } of golden.lgamma) {
      expect(Math.abs(lgamma(x) - expected)).toBeLessThanOrEqual(
        1e-13 * Math.max(1, Math.abs(expected)) * 10,
      );
    }
  });
});

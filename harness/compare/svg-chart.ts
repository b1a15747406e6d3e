// A comparison as a picture: horizontal bars, one panel for each benchmark and scenario. Plain SVG, no script, no font to load.

import { barValue, figure, titleOf } from './cells.js';
import type { ComparedRow, Group } from './comparison.js';

const WIDTH = 900;
const LABELS = 330;
const BARS = 430;
const ROW = 24;
const HEAD = 44;
const FOOT = 16;

/** One colour for an architecture would need a legend; own runs and submitted ones is what a reader asks. */
const colours = { own: '#2f6fb0', submitted: '#9db4c8', invalid: '#d08a8a' } as const;

/** The picture, whole. */
export function svgChart(groups: readonly Group[]): string {
  let top = 8;
  const panels = groups.map((group) => {
    const panel = panelOf(group, top);
    top += HEAD + group.rows.length * ROW + FOOT;
    return panel;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${top}" fill="#ffffff"/>`,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

function panelOf(group: Group, top: number): string {
  const most = Math.max(...group.rows.map(({ ofOne }) => barValue(ofOne, group.unit)));
  const bars = group.rows.map((row, place) => barOf(row, group, { most, y: top + HEAD + place * ROW }));
  return [
    `<text x="12" y="${top + 20}" font-size="15" font-weight="bold">${escaped(titleOf(group))}, of one accelerator</text>`,
    ...bars,
  ].join('\n');
}

function barOf(
  { run, ofOne }: ComparedRow,
  { unit }: Group,
  { most, y }: { readonly most: number; readonly y: number },
): string {
  const length = Math.max(1, Math.round((barValue(ofOne, unit) / most) * BARS));
  const colour = !run.isValid
    ? colours.invalid
    : run.source.startsWith('submitted')
      ? colours.submitted
      : colours.own;
  const label = run.source.startsWith('submitted') ? `${run.system} (${run.source})` : run.system;
  const value = `${figure(ofOne, unit)}${run.isValid ? '' : ' INVALID'}`;
  return [
    `<text x="${LABELS - 8}" y="${y + 16}" text-anchor="end">${escaped(cut(label))}</text>`,
    `<rect x="${LABELS}" y="${y + 3}" width="${length}" height="${ROW - 6}" fill="${colour}"><title>${escaped(run.source)}</title></rect>`,
    `<text x="${LABELS + length + 6}" y="${y + 16}">${escaped(value)}</text>`,
  ].join('\n');
}

/** Longer ones would run out of the picture; the bar's title has them whole. */
const cut = (text: string) => (text.length <= 46 ? text : `${text.slice(0, 45)}…`);

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

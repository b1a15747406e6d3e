// Whatever nvidia-smi prints, reading it ends with facts or a problem, never with an exception.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeMachine } from '../../systems/machine.js';
import { systemDescriptionSchema } from '../../systems/schema.js';
import { bareMachine, capturedMachine, printed } from './captured-machines.js';

const { xml, csv, list, topology } = capturedMachine('h200x2').nvidiaSmi;
const seed = 20_210_407;

/** The text with one stretch replaced by another text. */
const damaged = (text: string) =>
  fc
    .tuple(fc.nat(text.length), fc.nat(400), fc.oneof(fc.string(), fc.constantFrom('', '<', '</gpu>', 'N/A')))
    .map(([at, length, other]) => text.slice(0, at) + other + text.slice(at + length));

function isSound(outputs: typeof bareMachine.nvidiaSmi): void {
  const machine = describeMachine({ ...bareMachine, nvidiaSmi: outputs });
  expect(() => systemDescriptionSchema.parse(machine.system)).not.toThrow();
  if (machine.gpus.length === 0) expect(machine.problems).not.toEqual([]);
}

describe('damaged output', () => {
  test('of nvidia-smi -q -x', () => {
    fc.assert(
      fc.property(damaged(xml.stdout), (text) => isSound({ xml: printed(text), csv, list, topology })),
      { seed, numRuns: 150 },
    );
  });

  test('of the CSV query, alone and beside the XML', () => {
    fc.assert(
      fc.property(damaged(csv.stdout), fc.boolean(), (text, isAlone) =>
        isSound({ xml: isAlone ? printed('') : xml, csv: printed(text), list, topology }),
      ),
      { seed, numRuns: 150 },
    );
  });

  test('of the list and the topology', () => {
    fc.assert(
      fc.property(damaged(list.stdout), fc.string(), (text, other) =>
        isSound({ xml, csv, list: printed(text), topology: printed(other + text) }),
      ),
      { seed, numRuns: 60 },
    );
  });

  test('that is any text at all', () => {
    fc.assert(
      fc.property(fc.string(), (text) =>
        isSound({ xml: printed(text), csv: printed(text), list: printed(text), topology: printed(text) }),
      ),
      { seed, numRuns: 300 },
    );
  });
});

// Whether an engine answers as the model does: its logits against those of the fp32 reference, sample by sample.

export interface LogitCheck {
  /** What it was compared with. */
  readonly reference: string;
  readonly samples: number;
  /** Of all logits as one vector. */
  readonly cosine: number;
  /** Of the worst sample. */
  readonly lowest_cosine: number;
  readonly largest_difference: number;
  /** Share of samples whose best start and best end are the reference's. */
  readonly answers_agreeing: number;
  /** Logits that are NaN or infinite. */
  readonly not_finite: number;
}

/** Compares logits float32[length, 2] of the same samples in the same order. */
export function compareLogits(
  reference: string,
  expected: readonly Float32Array[],
  got: readonly Float32Array[],
): LogitCheck {
  let agreeing = 0;
  let not_finite = 0;
  let largest_difference = 0;
  let lowest_cosine = 1;
  const all = createCosine();
  for (const [sample, wanted] of expected.entries()) {
    const logits = got[sample] ?? new Float32Array(0);
    const own = createCosine();
    for (const [i, value] of wanted.entries()) {
      const other = logits[i] ?? NaN;
      if (!Number.isFinite(other)) {
        not_finite++;
        continue;
      }
      own.add(value, other);
      all.add(value, other);
      largest_difference = Math.max(largest_difference, Math.abs(value - other));
    }
    lowest_cosine = Math.min(lowest_cosine, own.value());
    if (best(wanted, 0) === best(logits, 0) && best(wanted, 1) === best(logits, 1)) agreeing++;
  }
  return {
    reference,
    samples: expected.length,
    cosine: rounded(all.value()),
    lowest_cosine: rounded(lowest_cosine),
    largest_difference: rounded(largest_difference),
    answers_agreeing: expected.length === 0 ? 0 : rounded(agreeing / expected.length),
    not_finite,
  };
}

function createCosine(): { add(a: number, b: number): void; value(): number } {
  let product = 0;
  let ofA = 0;
  let ofB = 0;
  return {
    add(a, b) {
      product += a * b;
      ofA += a * a;
      ofB += b * b;
    },
    value: () => (ofA === 0 || ofB === 0 ? (ofA === ofB ? 1 : 0) : product / Math.sqrt(ofA * ofB)),
  };
}

/** The token with the largest logit of one of the two columns. */
function best(logits: Float32Array, column: 0 | 1): number {
  let token = 0;
  for (let i = 1; 2 * i + column < logits.length; i++) {
    if (logits[2 * i + column]! > logits[2 * token + column]!) token = i;
  }
  return token;
}

const rounded = (value: number): number => Number(value.toPrecision(6));

/** `count` samples spread evenly over a data set of `total`. */
export function spreadIndices(total: number, count: number): Int32Array {
  const wanted = Math.min(total, count);
  return Int32Array.from({ length: wanted }, (_unused, i) => Math.floor((i * total) / wanted));
}

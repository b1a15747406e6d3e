// Makes up samples of a shape.

#include "made-up-samples.h"

namespace loadrig {

namespace {

/** Ids that every BERT vocabulary has. */
constexpr int32_t SMALL_IDS = 100;

int lengthOfRow(Form form, const BatchShape& shape, int row) {
  if (form == Form::Padded) return shape.size;
  // The tokens dealt out evenly.
  return shape.size / shape.batch + (row < shape.size % shape.batch ? 1 : 0);
}

}  // namespace

SampleSet makeUpSamples(Form form, const BatchShape& shape, const SampleSet& real) {
  SampleSet samples;
  samples.offsets.push_back(0);
  for (int row = 0; row < shape.batch; row++) {
    const int length = lengthOfRow(form, shape, row);
    for (int i = 0; i < length; i++) {
      const size_t token = samples.tokenIds.size();
      const bool isReal = !real.tokenIds.empty();
      samples.tokenIds.push_back(isReal ? real.tokenIds[token % real.tokenIds.size()]
                                        : static_cast<int32_t>(token % SMALL_IDS) + 1);
    }
    samples.offsets.push_back(static_cast<int32_t>(samples.tokenIds.size()));
    samples.segmentStarts.push_back(length / 8);
  }
  return samples;
}

}  // namespace loadrig

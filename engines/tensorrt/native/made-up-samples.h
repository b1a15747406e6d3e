// Samples that fill a shape exactly, for warming up and for measuring without a data set.
#pragma once

#include "network.h"
#include "sample-set.h"

namespace loadrig {

/** `shape.batch` samples; token ids are those of `real` in turn, or small ones where there is no data set. */
SampleSet makeUpSamples(Form form, const BatchShape& shape, const SampleSet& real);

}  // namespace loadrig

// The tokenised data set, copied: it outlives the JavaScript that handed it over, and lies near the engine's CPUs.
#pragma once

#include <cstdint>
#include <vector>

namespace loadrig {

/** As TokenizedSamples of engines/contract.ts: true lengths, no padding. */
struct SampleSet {
  std::vector<int32_t> tokenIds;
  /** count + 1 */
  std::vector<int32_t> offsets;
  /** Tokens before it are of segment 0. */
  std::vector<int32_t> segmentStarts;

  int32_t count() const { return static_cast<int32_t>(segmentStarts.size()); }
  int32_t length(int32_t index) const { return offsets[index + 1] - offsets[index]; }
  const int32_t* tokens(int32_t index) const { return tokenIds.data() + offsets[index]; }
};

}  // namespace loadrig

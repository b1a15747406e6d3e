// Logits that another engine computed, replayed for exactly the tokens that they belong to.
#pragma once

#include <cstdint>

namespace fake {

/** Whether FAKE_TENSORRT_ANSWERS names a file of answers. */
bool hasAnswers();

/** float32[length, 2] of a sample whose first `segmentStart` tokens are segment 0; null = the file has no such sample. */
const float* answerTo(const int32_t* ids, int64_t length, int64_t segmentStart);

}  // namespace fake

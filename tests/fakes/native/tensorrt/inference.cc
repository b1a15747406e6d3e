#include "inference.h"

#include <algorithm>
#include <cstdlib>

#include "answers.h"

namespace fake {
namespace {

constexpr float nothing = 1e9f;

// Multiples of 1/64: exact in float32 and in float16 alike. tests/fakes/native/logits.ts computes the same.
void token(float* logits, int64_t id, int64_t position, int64_t segment, int64_t length) {
  logits[0] = static_cast<float>((id * 31 + position * 7 + segment * 3 + length) % 1009) / 64.0f - 8.0f;
  logits[1] = static_cast<float>((id * 17 + position * 13 + segment * 5 + length * 3) % 1013) / 64.0f - 8.0f;
}

/** One sample: its answer where answers are replayed, otherwise logits that tell its tokens. */
void sample(float* logits, const int32_t* ids, const int32_t* segments, const int32_t* positions, int64_t length) {
  if (!hasAnswers()) {
    for (int64_t i = 0; i < length; i++) token(logits + 2 * i, ids[i], positions == nullptr ? i : positions[i], segments[i], length);
    return;
  }
  int64_t start = 0;
  while (start < length && segments[start] == 0) start++;
  for (int64_t i = 0; i < length; i++) {
    if (segments[i] != (i < start ? 0 : 1) || (positions != nullptr && positions[i] != i)) return;
  }
  const float* answer = answerTo(ids, length, start);
  if (answer != nullptr) std::copy(answer, answer + 2 * length, logits);
}

void padded(const Inference& run) {
  for (int64_t row = 0; row < run.batch; row++) {
    const int64_t start = row * run.size;
    const int32_t* mask = run.third + start;
    int64_t length = 0;
    while (length < run.size && mask[length] == 1) length++;
    if (std::any_of(mask + length, mask + run.size, [](int32_t kept) { return kept != 0; })) continue;
    sample(run.logits + 2 * start, run.ids + start, run.segments + start, nullptr, length);
  }
}

void packed(const Inference& run) {
  if (run.boundaries[0] != 0 || run.boundaries[run.batch] > run.size) return;
  for (int64_t row = 0; row < run.batch; row++) {
    const int64_t length = run.boundaries[row + 1] - run.boundaries[row];
    if (length < 0 || length > run.longest) return;
  }
  for (int64_t row = 0; row < run.batch; row++) {
    const int64_t at = run.boundaries[row];
    sample(run.logits + 2 * at, run.ids + at, run.segments + at, run.third + at, run.boundaries[row + 1] - at);
  }
}

}  // namespace

void infer(const Inference& inference) {
  static const bool isBroken = std::getenv("FAKE_TENSORRT_NAN") != nullptr;
  const int64_t tokens = inference.isPacked ? inference.size : inference.batch * inference.size;
  std::fill(inference.logits, inference.logits + 2 * tokens, nothing);
  (inference.isPacked ? packed : padded)(inference);
  if (isBroken) inference.logits[0] = __builtin_nanf("");
}

}  // namespace fake

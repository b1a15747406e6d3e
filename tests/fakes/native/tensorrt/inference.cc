#include "inference.h"

#include <cstdlib>

namespace fake {
namespace {

constexpr float nothing = 1e9f;

// Multiples of 1/64: exact in float32 and in float16 alike. tests/fakes/native/logits.ts computes the same.
void token(float* logits, int64_t id, int64_t position, int64_t segment, int64_t length) {
  logits[0] = static_cast<float>((id * 31 + position * 7 + segment * 3 + length) % 1009) / 64.0f - 8.0f;
  logits[1] = static_cast<float>((id * 17 + position * 13 + segment * 5 + length * 3) % 1013) / 64.0f - 8.0f;
}

void padded(const Inference& run) {
  for (int64_t row = 0; row < run.batch; row++) {
    const int64_t start = row * run.size;
    int64_t length = 0;
    for (int64_t i = 0; i < run.size; i++) length += run.third[start + i];
    for (int64_t i = 0; i < run.size; i++) {
      float* logits = run.logits + 2 * (start + i);
      const int64_t at = start + i;
      if (run.third[at] != 0) token(logits, run.ids[at], i, run.segments[at], length);
      else logits[0] = logits[1] = nothing;
    }
  }
}

void packed(const Inference& run) {
  for (int64_t at = 0; at < 2 * run.size; at++) run.logits[at] = nothing;
  if (run.boundaries[0] != 0 || run.boundaries[run.batch] > run.size) return;
  for (int64_t row = 0; row < run.batch; row++) {
    const int64_t length = run.boundaries[row + 1] - run.boundaries[row];
    if (length < 0 || length > run.longest) return;
  }
  for (int64_t row = 0; row < run.batch; row++) {
    const int64_t length = run.boundaries[row + 1] - run.boundaries[row];
    for (int64_t at = run.boundaries[row]; at < run.boundaries[row + 1]; at++) {
      token(run.logits + 2 * at, run.ids[at], run.third[at], run.segments[at], length);
    }
  }
}

}  // namespace

void infer(const Inference& inference) {
  static const bool isBroken = std::getenv("FAKE_TENSORRT_NAN") != nullptr;
  (inference.isPacked ? packed : padded)(inference);
  if (isBroken) inference.logits[0] = __builtin_nanf("");
}

}  // namespace fake

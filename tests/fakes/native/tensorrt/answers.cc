// Reads the file that tests/fakes/native/answers.ts writes: sample after sample, int32 length, segment start and
// ids[length], then float32 logits[length, 2].
#include "answers.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

namespace fake {
namespace {

/** Segment start and ids → logits. */
using Answers = std::map<std::vector<int32_t>, std::vector<float>>;

Answers readAnswers() {
  Answers answers;
  const char* file = std::getenv("FAKE_TENSORRT_ANSWERS");
  FILE* in = file == nullptr ? nullptr : std::fopen(file, "rb");
  if (in == nullptr) return answers;
  for (int32_t length = 0; std::fread(&length, sizeof length, 1, in) == 1;) {
    std::vector<int32_t> tokens(static_cast<size_t>(length) + 1);
    std::vector<float> logits(2 * static_cast<size_t>(length));
    if (std::fread(tokens.data(), sizeof(int32_t), tokens.size(), in) != tokens.size()) break;
    if (std::fread(logits.data(), sizeof(float), logits.size(), in) != logits.size()) break;
    answers.emplace(std::move(tokens), std::move(logits));
  }
  std::fclose(in);
  return answers;
}

const Answers& answers() {
  static const auto* const read = new Answers(readAnswers());
  return *read;
}

}  // namespace

bool hasAnswers() { return !answers().empty(); }

const float* answerTo(const int32_t* ids, int64_t length, int64_t segmentStart) {
  std::vector<int32_t> tokens = {static_cast<int32_t>(segmentStart)};
  tokens.insert(tokens.end(), ids, ids + length);
  const auto found = answers().find(tokens);
  return found == answers().end() ? nullptr : found->second.data();
}

}  // namespace fake

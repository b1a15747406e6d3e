// Reads the form and the limits of a plan, and finds shapes.

#include "network.h"

#include <algorithm>
#include <string>

namespace loadrig {

namespace {

const std::vector<std::string> PADDED = {"attention_mask", "input_ids", "token_type_ids"};
/** Attention that finds the longest by itself. */
const std::vector<std::string> PACKED_WITHOUT_LONGEST = {"cu_seqlens", "input_ids", "position_ids", "token_type_ids"};
const std::vector<std::string> PACKED = {"cu_seqlens", "input_ids", "max_seqlen", "position_ids", "token_type_ids"};

std::string listed(const std::vector<TensorFacts>& tensors) {
  std::string text;
  for (const TensorFacts& tensor : tensors) {
    text += (text.empty() ? "" : ", ") + tensor.name + " (" + (tensor.isInput ? "input" : "output") + ", " +
            tensor.type + ", " + std::to_string(tensor.shape.size()) + " dimensions)";
  }
  return text;
}

[[noreturn]] void refuse(const std::vector<TensorFacts>& tensors) {
  throw NativeError(
      ErrorCode::TensorrtEngine,
      "the plan's tensors are not ours: it has " + listed(tensors) +
          "; allowed are int32 input_ids, token_type_ids, attention_mask [batch, sequence], or int32 "
          "input_ids, token_type_ids, position_ids [tokens], cu_seqlens and, where it is wanted, max_seqlen, with float32 "
          "logits");
}

Form formOf(const std::vector<TensorFacts>& tensors) {
  std::vector<std::string> inputs;
  size_t ranks = 0;
  bool hasLogits = false;
  for (const TensorFacts& tensor : tensors) {
    if (tensor.type != (tensor.isInput ? "int32" : "float32")) refuse(tensors);
    if (tensor.isInput) {
      inputs.push_back(tensor.name);
      ranks += tensor.shape.size();
    } else {
      hasLogits = tensor.name == "logits" && !tensor.shape.empty() && tensor.shape.back() == 2;
    }
  }
  std::sort(inputs.begin(), inputs.end());
  if (!hasLogits || tensors.size() != inputs.size() + 1) refuse(tensors);
  if (inputs == PADDED && ranks == 2 * PADDED.size()) return Form::Padded;
  const bool isPacked = inputs == PACKED || inputs == PACKED_WITHOUT_LONGEST;
  if (isPacked && ranks == inputs.size()) return Form::Packed;
  refuse(tensors);
}

const DimensionRange& rangeOf(const Profile& profile, const char* tensor) {
  return *std::find_if(profile.begin(), profile.end(), [tensor](const auto& range) { return range.tensor == tensor; });
}

int roundUp8(int value) {
  return (value + 7) / 8 * 8;
}

constexpr size_t ALIGNMENT = 256;

}  // namespace

Network::Network(const DeserializedEngine& engine, int wantedMaxBatch)
    : form(formOf(engine.tensors())),
      takesLongest(form == Form::Packed && engine.tensors().size() == PACKED.size() + 1),
      profiles(engine.profiles()) {
  for (const Profile& profile : profiles) {
    Limits limits{};
    const DimensionRange& ids = rangeOf(profile, "input_ids");
    const auto number = [](int64_t dimension) { return static_cast<int>(dimension); };
    if (form == Form::Padded) {
      limits = {number(ids.min[0]), number(ids.max[0]), number(ids.min[1]),
                number(ids.max[1]), number(ids.min[1]), number(ids.max[1])};
    } else {
      const DimensionRange& lengths = rangeOf(profile, "cu_seqlens");
      limits = {number(lengths.min[0] - 1), number(lengths.max[0] - 1), number(ids.min[0]), number(ids.max[0]), 1,
                number(ids.max[0])};
      if (takesLongest) {
        const DimensionRange& longest = rangeOf(profile, "max_seqlen");
        limits.minLongest = number(longest.min[0]);
        limits.maxLongest = number(longest.max[0]);
      }
      maxTokens = std::max(maxTokens, limits.maxSize);
    }
    limits_.push_back(limits);
    maxBatch = std::max(maxBatch, std::min(limits.maxBatch, wantedMaxBatch));
    maxLength = std::max(maxLength, std::min(limits.maxLongest, limits.maxSize));
  }
}

bool Network::fit(size_t profile, const BatchSize& wanted, BatchShape& shape) const {
  const Limits& limits = limits_[profile];
  if (wanted.samples > limits.maxBatch || wanted.longest > limits.maxLongest) return false;
  shape.profile = static_cast<int>(profile);
  shape.batch = std::max(wanted.samples, limits.minBatch);
  if (form == Form::Padded) {
    shape.size = std::clamp(roundUp8(wanted.longest), limits.minSize, limits.maxSize);
    shape.longest = shape.size;
    return true;
  }
  if (wanted.tokens > limits.maxSize) return false;
  shape.size = std::max(wanted.tokens, limits.minSize);
  shape.longest = std::max(wanted.longest, limits.minLongest);
  return true;
}

bool Network::findShape(const BatchSize& wanted, BatchShape& shape) const {
  bool isFound = false;
  long least = 0;
  for (size_t profile = 0; profile < limits_.size(); profile++) {
    BatchShape candidate;
    if (!fit(profile, wanted, candidate)) continue;
    // Least padding first; among equals the profile whose largest shape is smallest was tuned nearest to this one.
    const Limits& limits = limits_[profile];
    const long capacity = static_cast<long>(limits.maxSize) * (form == Form::Padded ? limits.maxBatch : 1);
    const long cost = candidate.tokensRun(form) * (1L << 31) + capacity;
    if (isFound && cost >= least) continue;
    isFound = true;
    least = cost;
    shape = candidate;
  }
  return isFound;
}

BatchShape Network::shapeOfEqualLengths(int batch, int sequenceLength) const {
  BatchShape shape;
  const BatchSize wanted{batch, batch * sequenceLength, sequenceLength};
  if (batch <= maxBatch && sequenceLength <= maxLength && findShape(wanted, shape)) return shape;
  throw NativeError(ErrorCode::Argument, "the engine takes no batch of " + std::to_string(batch) + " × " +
                                             std::to_string(sequenceLength) + " tokens, but up to " +
                                             std::to_string(maxBatch) + " × " + std::to_string(maxLength));
}

BatchShape Network::shapeOfGraph(int batch, int size) const {
  if (form == Form::Padded) return shapeOfEqualLengths(batch, size);
  BatchShape shape;
  const BatchSize wanted{batch, size, std::min(size, maxLength)};
  if (batch <= maxBatch && size <= mostTokens() && findShape(wanted, shape)) return shape;
  throw NativeError(ErrorCode::Argument, "the engine takes no batch of " + std::to_string(batch) + " samples in " +
                                             std::to_string(size) + " tokens, but up to " + std::to_string(maxBatch) +
                                             " in " + std::to_string(mostTokens()));
}

long Network::mostTokens() const {
  long most = 0;
  for (const Limits& limits : limits_) {
    const long batch = std::clamp(maxBatch, limits.minBatch, limits.maxBatch);
    const long tokens = form == Form::Padded
                            ? batch * limits.maxSize
                            : std::max<long>(limits.minSize, std::min<long>(limits.maxSize, batch * limits.maxLongest));
    most = std::max(most, tokens);
  }
  return most;
}

size_t Network::inputBytes() const {
  int batch = maxBatch;
  for (const Limits& limits : limits_) batch = std::max(batch, limits.minBatch);
  const size_t tokens = static_cast<size_t>(mostTokens()) * sizeof(int32_t);
  return 3 * (tokens + ALIGNMENT) + (static_cast<size_t>(batch) + 1) * sizeof(int32_t) + ALIGNMENT;
}

size_t Network::logitBytes() const {
  return static_cast<size_t>(mostTokens()) * 2 * sizeof(float);
}

}  // namespace loadrig

// Which of the two forms of network a plan holds, and which shape a batch of samples runs in.
#pragma once

#include <cstddef>
#include <vector>

#include "backend/backend.h"

namespace loadrig {

/** See NativeEngine in engines/tensorrt/native-engine.ts. */
enum class Form { Padded, Packed };

/** What the samples of a batch ask for. */
struct BatchSize {
  int samples = 0;
  int tokens = 0;
  int longest = 0;
};

/** The shape a batch runs in. */
struct BatchShape {
  int profile = 0;
  int batch = 0;
  /** Padded: sequence length; packed: tokens. */
  int size = 0;
  /** Longest sequence that the shape allows; packed: the length of max_seqlen. */
  int longest = 0;

  /** Tokens run, padding included. */
  long tokensRun(Form form) const { return form == Form::Padded ? static_cast<long>(batch) * size : size; }
  bool holds(Form form, const BatchSize& wanted) const {
    return batch >= wanted.samples && longest >= wanted.longest && (form == Form::Padded || size >= wanted.tokens);
  }
};

class Network {
 public:
  /** Throws ERR_TENSORRT_ENGINE where the plan's tensors are not ours. */
  Network(const DeserializedEngine& engine, int wantedMaxBatch);

  /** The smallest shape that holds it; false where none does. */
  bool findShape(const BatchSize& wanted, BatchShape& shape) const;
  /** The shape of `batch` samples of one length; throws ERR_ARGUMENT where there is none. */
  BatchShape shapeOfEqualLengths(int batch, int sequenceLength) const;
  /** A shape for a CUDA graph: padded [batch, sequence length], packed [batch, tokens]. Throws ERR_ARGUMENT. */
  BatchShape shapeOfGraph(int batch, int size) const;
  /** Bytes of one slot's inputs and logits that suffice for every shape. */
  size_t inputBytes() const;
  size_t logitBytes() const;
  /** Most tokens that a slot must hold, padding included. */
  long mostTokens() const;
  /** From a sample's logits to the next one's. */
  int rowFloats(const BatchShape& shape, int length) const { return 2 * (form == Form::Padded ? shape.size : length); }

  const Form form;
  /** packed: the network has the input max_seqlen. */
  const bool takesLongest;
  const std::vector<Profile> profiles;
  int maxBatch = 0;
  int maxLength = 0;
  /** Packed: most tokens of one inference; 0 for padded. */
  int maxTokens = 0;

 private:
  struct Limits {
    int minBatch;
    int maxBatch;
    int minSize;
    int maxSize;
    int minLongest;
    int maxLongest;
  };
  bool fit(size_t profile, const BatchSize& wanted, BatchShape& shape) const;

  std::vector<Limits> limits_;
};

}  // namespace loadrig

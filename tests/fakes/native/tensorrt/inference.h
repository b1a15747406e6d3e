// The "network" of the fake TensorRT: logits that every token, position, segment and length can be told from, or the answers
// of another engine to the samples that it was asked (FAKE_TENSORRT_ANSWERS). It computes no BERT.
#pragma once

#include <cstdint>
#include <vector>

namespace fake {

/** One inference: memory as the host sees it, shapes as they were when it was enqueued. */
struct Inference {
  bool isPacked;
  const int32_t* ids;
  const int32_t* segments;
  /** padded: attention_mask; packed: position_ids. */
  const int32_t* third;
  /** packed only: int32[batch + 1]. */
  const int32_t* boundaries;
  int64_t batch;
  /** padded: sequence length; packed: tokens. */
  int64_t size;
  /** packed only: length of max_seqlen. */
  int64_t longest;
  float* logits;
};

/** Writes float32[…, 2]. Places that hold no token, samples without an answer and batches that break a form's rules get 1e9. */
void infer(const Inference& inference);

}  // namespace fake

// The input tensors of one batch: where each lies in a slot's block, and how samples are written there.
#pragma once

#include "cuda-resources.h"
#include "network.h"
#include "sample-set.h"

namespace loadrig {

/** The samples of one inference, by their place in the sample set. */
struct Batch {
  const int32_t* indices = nullptr;
  int count = 0;
};

BatchSize sizeOf(const SampleSet& samples, const Batch& batch);

/** Byte offsets of the tensors of a shape in a block; the three long ones have `rowTokens` int32 each. */
struct InputLayout {
  InputLayout(Form form, const BatchShape& shape);

  /** input_ids, token_type_ids, and attention_mask (padded) or position_ids (packed). */
  size_t offsets[3];
  size_t rowTokens;
  /** Packed only. */
  size_t cuSeqlensOffset;
  size_t bytes;
};

/** Writes a batch into host memory; what the shape has beyond the samples becomes samples that change nothing. */
void writeInputs(Form form, const SampleSet& samples, const Batch& batch, const BatchShape& shape, void* block);

/** The whole data set in device memory (start_from_device): inputs of a batch are gathered by copies on the device. */
class DeviceSamples {
 public:
  DeviceSamples(Form form, const SampleSet& samples);
  /** Enqueues the gathering of a batch into `block`; `hostBlock` is pinned memory for the few numbers that are derived.
   */
  void gather(const SampleSet& samples, const Batch& batch, const BatchShape& shape, DevicePointer block,
              int32_t* hostBlock, const CudaStream& stream) const;

 private:
  void copyColumns(const InputLayout& layout, DevicePointer block, size_t toToken, size_t fromToken, size_t tokens,
                   const CudaStream& stream) const;
  void gatherPacked(const SampleSet& samples, const Batch& batch, const BatchShape& shape, const InputLayout& layout,
                    DevicePointer block, int32_t* ends, const CudaStream& stream) const;
  void gatherPadded(const SampleSet& samples, const Batch& batch, const BatchShape& shape, const InputLayout& layout,
                    DevicePointer block, const CudaStream& stream) const;

  const Form form_;
  /** int32 of each token of the set, in its order: ids, segments, and positions (packed) or ones (padded). */
  DeviceMemory columns_[3];
};

}  // namespace loadrig

// start_from_device: the data set lies in device memory before the measured time, one column per tensor in the order of
// the set. A batch is gathered inside the measured time by copies on the device, one per tensor and run of neighbouring
// samples; only cu_seqlens, which says where each sample of a batch begins, comes from the host.

#include <algorithm>

#include "batch-inputs.h"

namespace loadrig {

namespace {

std::vector<int32_t> segmentsOf(const SampleSet& samples) {
  std::vector<int32_t> segments(samples.tokenIds.size(), 0);
  for (int32_t i = 0; i < samples.count(); i++) {
    const auto begin = segments.begin() + samples.offsets[i];
    std::fill(begin + samples.segmentStarts[i], begin + samples.length(i), 1);
  }
  return segments;
}

std::vector<int32_t> positionsOf(const SampleSet& samples) {
  std::vector<int32_t> positions(samples.tokenIds.size());
  for (int32_t i = 0; i < samples.count(); i++) {
    for (int32_t k = 0; k < samples.length(i); k++) positions[samples.offsets[i] + k] = k;
  }
  return positions;
}

}  // namespace

DeviceSamples::DeviceSamples(Form form, const SampleSet& samples) : form_(form) {
  const CudaStream stream;
  const auto upload = [&stream](const std::vector<int32_t>& column) {
    const size_t bytes = column.size() * sizeof(int32_t);
    DeviceMemory memory(bytes, "the samples in device memory (start_from_device)");
    if (bytes > 0) cuda().memcpyHtoDAsync(memory.get(), column.data(), bytes, stream.get());
    stream.synchronize();
    return memory;
  };
  columns_[0] = upload(samples.tokenIds);
  columns_[1] = upload(segmentsOf(samples));
  columns_[2] = upload(form == Form::Packed ? positionsOf(samples) : std::vector<int32_t>(samples.tokenIds.size(), 1));
}

void DeviceSamples::gather(const SampleSet& samples, const Batch& batch, const BatchShape& shape, DevicePointer block,
                           int32_t* hostBlock, const CudaStream& stream) const {
  const InputLayout layout(form_, shape);
  // Padding, and samples that only fill a shape up, are zeros.
  cuda().memsetD32Async(block, 0, layout.bytes / sizeof(int32_t), stream.get());
  if (form_ == Form::Packed)
    gatherPacked(samples, batch, shape, layout, block, hostBlock, stream);
  else
    gatherPadded(samples, batch, shape, layout, block, stream);
}

void DeviceSamples::copyColumns(const InputLayout& layout, DevicePointer block, size_t toToken, size_t fromToken,
                                size_t tokens, const CudaStream& stream) const {
  for (size_t i = 0; i < 3; i++) {
    cuda().memcpyDtoDAsync(block + layout.offsets[i] + toToken * sizeof(int32_t),
                           columns_[i].get() + fromToken * sizeof(int32_t), tokens * sizeof(int32_t), stream.get());
  }
}

void DeviceSamples::gatherPacked(const SampleSet& samples, const Batch& batch, const BatchShape& shape,
                                 const InputLayout& layout, DevicePointer block, int32_t* ends,
                                 const CudaStream& stream) const {
  size_t token = 0;
  ends[0] = 0;
  for (int row = 0; row < batch.count;) {
    const int32_t from = samples.offsets[batch.indices[row]];
    int32_t to = from;
    const size_t start = token;
    // Neighbours of the set are neighbours on the device: one copy.
    for (; row < batch.count && samples.offsets[batch.indices[row]] == to; row++) {
      to = samples.offsets[batch.indices[row] + 1];
      token = start + static_cast<size_t>(to - from);
      ends[row + 1] = static_cast<int32_t>(token);
    }
    copyColumns(layout, block, start, static_cast<size_t>(from), static_cast<size_t>(to - from), stream);
  }
  std::fill(ends + batch.count + 1, ends + shape.batch + 1, static_cast<int32_t>(token));
  cuda().memcpyHtoDAsync(block + layout.cuSeqlensOffset, ends, (static_cast<size_t>(shape.batch) + 1) * sizeof(int32_t),
                         stream.get());
}

void DeviceSamples::gatherPadded(const SampleSet& samples, const Batch& batch, const BatchShape& shape,
                                 const InputLayout& layout, DevicePointer block, const CudaStream& stream) const {
  for (int row = 0; row < batch.count; row++) {
    const int32_t index = batch.indices[row];
    copyColumns(layout, block, static_cast<size_t>(row) * shape.size, static_cast<size_t>(samples.offsets[index]),
                static_cast<size_t>(samples.length(index)), stream);
  }
  for (int row = batch.count; row < shape.batch; row++) {
    cuda().memsetD32Async(block + layout.offsets[2] + static_cast<size_t>(row) * shape.size * sizeof(int32_t), 1, 1,
                          stream.get());
  }
}

}  // namespace loadrig

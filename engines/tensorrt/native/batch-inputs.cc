// Writes the samples of a batch as tensors in host memory.

#include "batch-inputs.h"

#include <algorithm>
#include <cstring>

namespace loadrig {

namespace {

constexpr size_t ALIGNMENT = 256;

size_t aligned(size_t bytes) {
  return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

int32_t* at(void* block, size_t offset) {
  return reinterpret_cast<int32_t*>(static_cast<char*>(block) + offset);
}

void writeSegments(int32_t* to, int32_t segmentStart, int32_t length) {
  std::fill(to, to + segmentStart, 0);
  std::fill(to + segmentStart, to + length, 1);
}

void writePadded(const SampleSet& samples, const Batch& batch, const BatchShape& shape, const InputLayout& layout,
                 void* block) {
  int32_t* ids = at(block, layout.offsets[0]);
  int32_t* segments = at(block, layout.offsets[1]);
  int32_t* mask = at(block, layout.offsets[2]);
  for (int row = 0; row < batch.count; row++, ids += shape.size, segments += shape.size, mask += shape.size) {
    const int32_t index = batch.indices[row];
    const int32_t length = samples.length(index);
    std::memcpy(ids, samples.tokens(index), static_cast<size_t>(length) * sizeof(int32_t));
    writeSegments(segments, samples.segmentStarts[index], length);
    std::fill(mask, mask + length, 1);
    std::fill(ids + length, ids + shape.size, 0);
    std::fill(segments + length, segments + shape.size, 0);
    std::fill(mask + length, mask + shape.size, 0);
  }
  const size_t rest = static_cast<size_t>(shape.batch - batch.count) * shape.size;
  std::fill(ids, ids + rest, 0);
  std::fill(segments, segments + rest, 0);
  std::fill(mask, mask + rest, 0);
  // A sample of one token: a softmax over nothing would be NaN.
  for (int row = batch.count; row < shape.batch; row++, mask += shape.size) mask[0] = 1;
}

void writePacked(const SampleSet& samples, const Batch& batch, const BatchShape& shape, const InputLayout& layout,
                 void* block) {
  int32_t* ids = at(block, layout.offsets[0]);
  int32_t* segments = at(block, layout.offsets[1]);
  int32_t* positions = at(block, layout.offsets[2]);
  int32_t* ends = at(block, layout.cuSeqlensOffset);
  int32_t token = 0;
  ends[0] = 0;
  for (int row = 0; row < batch.count; row++) {
    const int32_t index = batch.indices[row];
    const int32_t length = samples.length(index);
    std::memcpy(ids + token, samples.tokens(index), static_cast<size_t>(length) * sizeof(int32_t));
    writeSegments(segments + token, samples.segmentStarts[index], length);
    for (int32_t i = 0; i < length; i++) positions[token + i] = i;
    token += length;
    ends[row + 1] = token;
  }
  // Tokens that belong to no sequence, and sequences without tokens.
  std::fill(ids + token, ids + shape.size, 0);
  std::fill(segments + token, segments + shape.size, 0);
  std::fill(positions + token, positions + shape.size, 0);
  std::fill(ends + batch.count + 1, ends + shape.batch + 1, token);
}

}  // namespace

BatchSize sizeOf(const SampleSet& samples, const Batch& batch) {
  BatchSize size{batch.count, 0, 0};
  for (int row = 0; row < batch.count; row++) {
    const int length = samples.length(batch.indices[row]);
    size.tokens += length;
    size.longest = std::max(size.longest, length);
  }
  return size;
}

InputLayout::InputLayout(Form form, const BatchShape& shape) {
  rowTokens = static_cast<size_t>(shape.tokensRun(form));
  const size_t row = aligned(rowTokens * sizeof(int32_t));
  for (size_t i = 0; i < 3; i++) offsets[i] = i * row;
  cuSeqlensOffset = 3 * row;
  bytes = 3 * row + (form == Form::Packed ? (static_cast<size_t>(shape.batch) + 1) * sizeof(int32_t) : 0);
}

void writeInputs(Form form, const SampleSet& samples, const Batch& batch, const BatchShape& shape, void* block) {
  const InputLayout layout(form, shape);
  if (form == Form::Padded)
    writePadded(samples, batch, shape, layout, block);
  else
    writePacked(samples, batch, shape, layout, block);
}

}  // namespace loadrig

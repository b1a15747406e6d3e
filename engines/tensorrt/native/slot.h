// One batch in flight: its buffers on both sides, its copy stream, its events and its CUDA graphs.
#pragma once

#include <atomic>
#include <vector>

#include "batch-inputs.h"
#include "cuda-resources.h"

namespace loadrig {

/** A graph holds shapes and addresses, so each slot has its own. */
struct CapturedGraph {
  BatchShape shape;
  CudaGraph graph;
};

struct Slot {
  Slot(const Network& network, CudaEvent::Kind waiting)
      : hostInputs(network.inputBytes(), "the page-locked inputs"),
        hostLogits(network.logitBytes(), "the page-locked logits"),
        inputs(network.inputBytes(), "the inputs"),
        logits(network.logitBytes(), "the logits"),
        h2dDone(CudaEvent::Kind::Spinning),
        computeDone(CudaEvent::Kind::Spinning),
        d2hDone(waiting),
        indices(static_cast<size_t>(network.maxBatch)) {}

  float* logitsOfHost() const { return static_cast<float*>(hostLogits.get()); }
  Batch batch() const { return {indices.data(), count}; }

  const PinnedMemory hostInputs;
  const PinnedMemory hostLogits;
  const DeviceMemory inputs;
  const DeviceMemory logits;
  const CudaStream copyStream;
  const CudaEvent h2dDone;
  const CudaEvent computeDone;
  const CudaEvent d2hDone;
  /** From the smallest to the largest. */
  std::vector<CapturedGraph> graphs;

  /** The batch: QSL indices of its samples. */
  std::vector<int32_t> indices;
  int count = 0;
  /** First place of the batch in the phase's queue. */
  int32_t firstPlace = 0;

  /** Whose turn it is: the issuing thread's (free) or the response thread's (issued). */
  std::atomic<bool> isIssued{false};
};

}  // namespace loadrig

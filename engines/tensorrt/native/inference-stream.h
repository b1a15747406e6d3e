// One inference stream of an engine: an execution context per profile over one block of activations, a compute stream,
// and the slots whose copies overlap it. For one thread at a time.
#pragma once

#include <deque>
#include <memory>

#include "backend/backend.h"
#include "slot.h"

namespace loadrig {

struct StreamOptions {
  int slots = 2;
  /** How d2hDone is waited for. */
  CudaEvent::Kind waiting = CudaEvent::Kind::Spinning;
};

/** What one batch was run as. */
struct Issued {
  BatchShape shape;
  BatchSize size;
  bool byGraph = false;
};

/** Where the inputs of a batch come from. */
struct InputSource {
  const SampleSet* samples = nullptr;
  /** nullptr: from the host. */
  const DeviceSamples* onDevice = nullptr;
};

class InferenceStream {
 public:
  InferenceStream(Backend& backend, DeserializedEngine& engine, const Network& network, const StreamOptions& options);

  /**
   * Issues the slot's batch without waiting for anything: copies on the slot's own stream, compute on the common one,
   * so that they overlap the batches before and after. The batch is done when slot.d2hDone is reached.
   */
  Issued issue(Slot& slot, const InputSource& source, bool useGraphs);
  /** The same with all of it in order on the compute stream: fewest calls, for one batch at a time. */
  Issued issueInOrder(Slot& slot, const InputSource& source, bool useGraphs);

  /** The steps that these are made of, for callers that time them. */
  const CapturedGraph* plan(Slot& slot, const InputSource& source, bool useGraphs, Issued& issued);
  void upload(Slot& slot, const InputSource& source, const BatchShape& shape, const CudaStream& stream);
  /** What lies in the slot's host memory already. */
  void uploadAsIs(Slot& slot, const BatchShape& shape, const CudaStream& stream);
  void compute(Slot& slot, const CapturedGraph* graph, const BatchShape& shape);
  void download(Slot& slot, const Issued& issued, const CudaStream& stream);

  /** Enqueues a shape once as it is (inputs: what lies in the slot). */
  void enqueue(Slot& slot, const BatchShape& shape);
  /** Captures the shape as a graph of every slot. */
  void capture(const BatchShape& shape);
  bool hasGraphFor(const BatchShape& shape) const { return findGraphOf(slots_.front(), shape) != nullptr; }
  /** The graph of exactly this shape; nullptr = none. */
  const CapturedGraph* findGraphOf(const Slot& slot, const BatchShape& shape) const;
  /** The smallest captured graph that holds a batch; nullptr = none. */
  const CapturedGraph* findGraph(const Slot& slot, const BatchSize& size) const;

  Slot& slot(size_t index) { return slots_[index]; }
  size_t slotCount() const { return slots_.size(); }
  const CudaStream& computeStream() const { return compute_; }
  /** A context of its own for profiling layers, over the same activations. */
  std::unique_ptr<ExecutionContext> createContext(int profile);
  void bind(ExecutionContext& context, Slot& slot, const BatchShape& shape);
  /** Waits until the GPU is done with all that was issued; false = it failed. */
  bool drain() noexcept;

  /** Throws ERR_CUDA: the call, and what TensorRT wrote to its log. */
  [[noreturn]] void fail(const char* call);

 private:
  Backend& backend_;
  DeserializedEngine& engine_;
  const Network& network_;
  const size_t activationBytes_;
  DeviceMemory activations_;
  /** max_seqlen: only its length counts, but it must lie somewhere. */
  DeviceMemory emptyLengths_;
  CudaStream compute_;
  std::deque<Slot> slots_;
  std::vector<std::unique_ptr<ExecutionContext>> contexts_;
};

}  // namespace loadrig

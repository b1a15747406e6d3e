// One engine: a plan on one device, with its inference streams and its copy of the data set.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "handle-table.h"
#include "inference-stream.h"

namespace loadrig {

class Phase;

struct EngineOptions {
  int device = 0;
  std::string planFile;
  /** ONNX file with the weights of a plan that has none; empty = the plan's own. */
  std::string weightsFile;
  int streams = 1;
  int slots = 2;
  int maxBatch = 1;
  bool startFromDevice = false;
  bool spins = true;
  std::vector<int> cpus;
};

class Engine {
 public:
  /** Throws ERR_TENSORRT_ENGINE, ERR_CUDA_MEMORY and whatever else stops a plan from running. */
  Engine(int handle, const EngineOptions& options);
  ~Engine();

  void setSamples(SampleSet samples);
  /** The inputs of a batch; throws ERR_STATE before setSamples. */
  InputSource source() const;
  const SampleSet& samples() const { return samples_; }
  /** Throws ERR_ARGUMENT unless each index is one of the data set. */
  void checkIndices(const int32_t* indices, size_t count) const;

  /** Runs each shape once per stream, captures graphs. Milliseconds. */
  double warmUp(const std::vector<BatchShape>& shapes, const std::vector<BatchShape>& graphs);
  /** Logits of one batch into `logits`, its samples one after the other without padding. */
  void run(const int32_t* indices, int count, float* logits);
  /** Writes inputs that fill a shape into a slot and uploads them. */
  void fillSlot(InferenceStream& stream, Slot& slot, const BatchShape& shape);

  const int handle;
  const EngineOptions options;
  /** Anything that runs batches holds this; two at once would share streams. */
  std::atomic<bool> isUsed{false};
  /** The phase that runs on it, or nullptr. */
  Phase* phase = nullptr;
  /** Its GPU does not answer: whoever frees anything of it would hang as well, so nothing is freed. */
  bool isHung = false;

  const CudaContext context;
  const std::unique_ptr<DeserializedEngine> deserialized;
  const Network network;
  std::deque<InferenceStream> streams;

 private:
  SampleSet samples_;
  std::unique_ptr<DeviceSamples> deviceSamples_;
};

/** Holds an engine for one call or phase; throws ERR_STATE where it is used already. */
class EngineUse {
 public:
  explicit EngineUse(Engine& engine);
  ~EngineUse();
  EngineUse(EngineUse&& other) noexcept : engine_(std::exchange(other.engine_, nullptr)) {}
  Engine& engine() const { return *engine_; }
  /** The engine stays used for ever. */
  void keep() { engine_ = nullptr; }

 private:
  Engine* engine_;
};

HandleTable<Engine>& engines();

}  // namespace loadrig

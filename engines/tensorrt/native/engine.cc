// Opens a plan, gives it data, warms it up, runs single batches.

#include "engine.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "clock.h"
#include "cpu-affinity.h"
#include "file-io.h"
#include "made-up-samples.h"
#include "tensorrt-libraries.h"

namespace loadrig {

namespace {

/** How TensorRT's log calls a lack of memory. */
bool tellsOfMemory(const std::string& text) {
  for (const char* words :
       {"out of memory", "OutOfMemory", "outOfMemory", "bytes of memory", "requested amount of GPU"}) {
    if (text.find(words) != std::string::npos) return true;
  }
  return false;
}

std::unique_ptr<DeserializedEngine> deserialize(const std::string& planFile, const std::string& weightsFile) {
  const std::string plan = readFileIfThere(planFile);
  if (plan.empty()) throw NativeError(ErrorCode::TensorrtEngine, planFile + ": there is no plan, or it is empty");
  try {
    return tensorrt().backend->deserialize(plan.data(), plan.size(), weightsFile);
  } catch (const NativeError& error) {
    const std::string told = planFile + " (" + std::to_string(plan.size()) + " bytes): " + error.what();
    if (!tellsOfMemory(told)) {
      throw NativeError(ErrorCode::TensorrtEngine, told + ". It may be truncated, or built by another TensorRT than " +
                                                       tensorrt().versionText() +
                                                       " or for another GPU: build it again.");
    }
    throw NativeError(ErrorCode::CudaMemory, told + freeMemoryText());
  }
}

}  // namespace

HandleTable<Engine>& engines() {
  static HandleTable<Engine> table("engine");
  return table;
}

Engine::Engine(int handle, const EngineOptions& options)
    : handle(handle),
      options(options),
      context(options.device, options.spins ? CudaContext::Wait::Spin : CudaContext::Wait::Block),
      deserialized(deserialize(options.planFile, options.weightsFile)),
      network(*deserialized, options.maxBatch) {
  // Page-locked memory lies on the node of the thread that takes it.
  const CpuAffinity affinity(options.cpus);
  const StreamOptions streamOptions{options.slots,
                                    options.spins ? CudaEvent::Kind::Spinning : CudaEvent::Kind::Blocking};
  for (int i = 0; i < options.streams; i++) {
    streams.emplace_back(*tensorrt().backend, *deserialized, network, streamOptions);
  }
}

Engine::~Engine() {
  cuda().ctxSetCurrent.attempt(context.get());
  for (InferenceStream& stream : streams) stream.drain();
}

void Engine::setSamples(SampleSet samples) {
  for (int32_t i = 0; i < samples.count(); i++) {
    if (samples.length(i) <= network.maxLength) continue;
    throw NativeError(ErrorCode::Argument, "sample " + std::to_string(i) + " has " + std::to_string(samples.length(i)) +
                                               " tokens, the engine takes " + std::to_string(network.maxLength));
  }
  if (options.startFromDevice) deviceSamples_ = std::make_unique<DeviceSamples>(network.form, samples);
  samples_ = std::move(samples);
}

InputSource Engine::source() const {
  if (samples_.count() == 0) throw NativeError(ErrorCode::State, "the engine has no samples; call setSamples() first");
  return {&samples_, deviceSamples_.get()};
}

void Engine::checkIndices(const int32_t* indices, size_t count) const {
  for (size_t i = 0; i < count; i++) {
    if (indices[i] >= 0 && indices[i] < samples_.count()) continue;
    throw NativeError(ErrorCode::Argument, "sample index " + std::to_string(indices[i]) + " at place " +
                                               std::to_string(i) + " is not one of the " +
                                               std::to_string(samples_.count()) + " samples");
  }
}

void Engine::fillSlot(InferenceStream& stream, Slot& slot, const BatchShape& shape) {
  const SampleSet madeUp = makeUpSamples(network.form, shape, samples_);
  std::vector<int32_t> indices(static_cast<size_t>(shape.batch));
  for (size_t i = 0; i < indices.size(); i++) indices[i] = static_cast<int32_t>(i);
  writeInputs(network.form, madeUp, {indices.data(), shape.batch}, shape, slot.hostInputs.get());
  stream.uploadAsIs(slot, shape, stream.computeStream());
  stream.computeStream().synchronize();
}

double Engine::warmUp(const std::vector<BatchShape>& shapes, const std::vector<BatchShape>& graphs) {
  const int64_t startNs = nowNs();
  for (InferenceStream& stream : streams) {
    for (const BatchShape& shape : shapes) {
      fillSlot(stream, stream.slot(0), shape);
      stream.enqueue(stream.slot(0), shape);
      stream.computeStream().synchronize();
    }
    for (const BatchShape& shape : graphs) {
      if (stream.hasGraphFor(shape)) continue;
      for (size_t i = 0; i < stream.slotCount(); i++) fillSlot(stream, stream.slot(i), shape);
      stream.capture(shape);
    }
  }
  return static_cast<double>(nowNs() - startNs) / 1e6;
}

void Engine::run(const int32_t* indices, int count, float* logits) {
  InferenceStream& stream = streams.front();
  Slot& slot = stream.slot(0);
  std::copy(indices, indices + count, slot.indices.begin());
  slot.count = count;
  const Issued issued = stream.issueInOrder(slot, source(), false);
  slot.d2hDone.wait();
  const float* row = slot.logitsOfHost();
  for (int i = 0; i < count; i++) {
    const int length = samples_.length(indices[i]);
    std::memcpy(logits, row, static_cast<size_t>(length) * 2 * sizeof(float));
    logits += length * 2;
    row += network.rowFloats(issued.shape, length);
  }
}

EngineUse::EngineUse(Engine& engine) : engine_(&engine) {
  if (engine.isUsed.exchange(true)) {
    throw NativeError(ErrorCode::State,
                      "engine " + std::to_string(engine.handle) + " is used by a phase or another call");
  }
}

EngineUse::~EngineUse() {
  if (engine_ != nullptr) engine_->isUsed.store(false);
}

}  // namespace loadrig

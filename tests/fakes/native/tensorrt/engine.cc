// Engines and execution contexts of the fake TensorRT.
#include <atomic>
#include <cstring>
#include <list>
#include <map>
#include <memory>

#include "cuda.h"
#include "inference.h"
#include "library.h"
#include "plan.h"

namespace fake {
namespace {

using nvinfer1::Dims;
using nvinfer1::OptProfileSelector;

class Engine;

/** Work on a stream; captured work stays for the graph's launches. */
struct Work {
  Inference inference;
  bool isCaptured;
  std::atomic<bool> isDone{false};
};

void runWork(void* data) {
  auto* work = static_cast<Work*>(data);
  waitMs("FAKE_TENSORRT_MS");
  infer(work->inference);
  work->isDone = true;
}

class Context final : public nvinfer1::IExecutionContext, public nvinfer1::apiv::StubVExecutionContext {
 public:
  /** With 0 bytes of its own: memory must be given before it runs. */
  Context(Engine& engine, size_t ownBytes);
  ~Context() override;
  bool hasMemory() const { return memory_ == nullptr || memory_->isThere(); }
  void setDeviceMemoryV2(void* memory, int64_t size) noexcept override {
    given_ = reinterpret_cast<uint64_t>(memory);
    givenBytes_ = static_cast<size_t>(size);
  }

  bool setOptimizationProfileAsync(int32_t index, cudaStream_t) noexcept override;
  int32_t getOptimizationProfile() const noexcept override { return profile_; }
  bool setInputShape(char const* name, Dims const& shape) noexcept override;
  Dims getTensorShape(char const* name) const noexcept override;
  bool setTensorAddress(char const* name, void* data) noexcept override {
    addresses_[name] = reinterpret_cast<uint64_t>(data);
    return true;
  }
  bool setInputTensorAddress(char const* name, void const* data) noexcept override {
    return setTensorAddress(name, const_cast<void*>(data));
  }
  bool setOutputTensorAddress(char const* name, void* data) noexcept override { return setTensorAddress(name, data); }
  bool setInputConsumedEvent(cudaEvent_t event) noexcept override {
    consumed_ = event;
    return true;
  }
  int32_t inferShapes(int32_t, char const**) noexcept override { return 0; }
  bool allInputDimensionsSpecified() const noexcept override;
  bool enqueueV3(cudaStream_t stream) noexcept override;
  void setProfiler(nvinfer1::IProfiler* profiler) noexcept override { profiler_ = profiler; }
  nvinfer1::IProfiler* getProfiler() const noexcept override { return profiler_; }
  void setEnqueueEmitsProfile(bool emits) noexcept override { emitsProfile_ = emits; }
  bool getEnqueueEmitsProfile() const noexcept override { return emitsProfile_; }
  bool reportToProfiler() const noexcept override;
  void setName(char const*) noexcept override {}
  void setErrorRecorder(nvinfer1::IErrorRecorder*) noexcept override {}
  bool setNvtxVerbosity(nvinfer1::ProfilingVerbosity) noexcept override { return true; }
  void setAuxStreams(cudaStream_t*, int32_t) noexcept override {}
  void setDebugSync(bool) noexcept override {}
  nvinfer1::ICudaEngine const& getEngine() const noexcept override;

 private:
  bool refuse(const std::string& why) const;
  void* memoryOf(const char* name, size_t elements) const;

  Engine& engine_;
  std::unique_ptr<Memory> memory_;
  uint64_t given_ = 0;
  size_t givenBytes_ = 0;
  int32_t profile_ = 0;
  std::map<std::string, std::vector<int64_t>> shapes_;
  std::map<std::string, uint64_t> addresses_;
  cudaEvent_t consumed_ = nullptr;
  nvinfer1::IProfiler* profiler_ = nullptr;
  bool emitsProfile_ = true;
  std::list<std::unique_ptr<Work>> works_;
  std::atomic<bool> isBusy_{false};
};

class Inspector final : public nvinfer1::IEngineInspector, public nvinfer1::apiv::StubVEngineInspector {
 public:
  explicit Inspector(const Plan& plan) : plan_(plan) { mImpl = this; }
  char const* getLayerInformation(int32_t index, nvinfer1::LayerInformationFormat) const noexcept override {
    const auto& layer = plan_.layers.at(index);
    const std::string name = layer + "_" + std::to_string(index);
    const std::string tensor = "[{\"Name\": \"" + name + "_x\", \"Location\": \"Device\", \"Dimensions\": [1], \"Format/Datatype\": \"Row major linear " +
                               plan_.weightType + " format\"}]";
    text_ = plan_.isDetailed ? "{\"Name\": \"" + name + "\", \"LayerType\": \"" + layer + "\", \"Inputs\": " + tensor + ", \"Outputs\": " + tensor +
                                   ", \"TacticName\": \"fake\", \"Metadata\": \"[ONNX Layer: " + name + "]\"}"
                             : "\"" + name + "\"";
    return text_.c_str();
  }
  char const* getEngineInformation(nvinfer1::LayerInformationFormat format) const noexcept override {
    std::string all = "{\"Layers\": [";
    for (size_t i = 0; i < plan_.layers.size(); i++) all += (i == 0 ? "" : ",") + std::string(getLayerInformation(static_cast<int32_t>(i), format));
    text_ = all + "]}";
    return text_.c_str();
  }
  bool setExecutionContext(nvinfer1::IExecutionContext const*) noexcept override { return true; }
  void setErrorRecorder(nvinfer1::IErrorRecorder*) noexcept override {}

 private:
  const Plan& plan_;
  mutable std::string text_;
};

class Engine final : public nvinfer1::ICudaEngine, public nvinfer1::apiv::StubVCudaEngine {
 public:
  Engine(nvinfer1::ILogger* logger, Plan plan) : logger(logger), plan(std::move(plan)), weights_(1 << 20) { mImpl = this; }
  bool hasMemory() const { return weights_.isThere(); }

  const TensorInfo* find(const char* name) const {
    for (const auto& tensor : plan.tensors) {
      if (tensor.name == name) return &tensor;
    }
    return nullptr;
  }
  bool isPacked() const { return find("cu_seqlens") != nullptr; }

  int32_t getNbLayers() const noexcept override { return static_cast<int32_t>(plan.layers.size()); }
  char const* getName() const noexcept override { return "fake"; }
  int32_t getNbOptimizationProfiles() const noexcept override { return static_cast<int32_t>(plan.profiles.size()); }
  int32_t getNbIOTensors() const noexcept override { return static_cast<int32_t>(plan.tensors.size()); }
  char const* getIOTensorName(int32_t index) const noexcept override { return plan.tensors.at(index).name.c_str(); }
  Dims getTensorShape(char const* name) const noexcept override { return find(name) ? dims(find(name)->shape) : Dims{-1, {}}; }
  nvinfer1::DataType getTensorDataType(char const* name) const noexcept override {
    return static_cast<nvinfer1::DataType>(find(name) ? find(name)->type : 0);
  }
  nvinfer1::TensorIOMode getTensorIOMode(char const* name) const noexcept override {
    if (find(name) == nullptr) return nvinfer1::TensorIOMode::kNONE;
    return find(name)->isInput ? nvinfer1::TensorIOMode::kINPUT : nvinfer1::TensorIOMode::kOUTPUT;
  }
  nvinfer1::TensorLocation getTensorLocation(char const*) const noexcept override { return nvinfer1::TensorLocation::kDEVICE; }
  bool isShapeInferenceIO(char const*) const noexcept override { return false; }
  nvinfer1::TensorFormat getTensorFormat(char const*) const noexcept override { return nvinfer1::TensorFormat::kLINEAR; }
  Dims getProfileShape(char const* name, int32_t index, OptProfileSelector select) const noexcept override {
    const auto found = plan.profiles.at(index).find(name);
    if (found == plan.profiles.at(index).end()) return Dims{-1, {}};
    const auto& range = found->second;
    return dims(select == OptProfileSelector::kMIN ? range.min : select == OptProfileSelector::kOPT ? range.opt : range.max);
  }
  nvinfer1::IExecutionContext* createExecutionContext(nvinfer1::ExecutionContextAllocationStrategy strategy) noexcept override {
    if (!hasWeights) {
      error(logger, "ICudaEngine::createExecutionContext: Error Code 4: API Usage Error (the engine was stripped of its weights and not refitted)");
      return nullptr;
    }
    const bool isUserManaged = strategy == nvinfer1::ExecutionContextAllocationStrategy::kUSER_MANAGED;
    auto context = std::make_unique<Context>(*this, isUserManaged ? 0 : activationBytes());
    if (context->hasMemory()) return context.release();
    error(logger, "IRuntime::createExecutionContext: Error Code 2: OutOfMemory (Requested size was " +
                      std::to_string(activationBytes()) + " bytes.)");
    return nullptr;
  }
  int64_t getDeviceMemorySizeV2() const noexcept override { return static_cast<int64_t>(activationBytes()); }
  int64_t getDeviceMemorySizeForProfileV2(int32_t) const noexcept override { return static_cast<int64_t>(activationBytes()); }
  nvinfer1::IEngineInspector* createEngineInspector() const noexcept override { return new Inspector(plan); }
  bool isRefittable() const noexcept override { return plan.isRefittable; }
  nvinfer1::ProfilingVerbosity getProfilingVerbosity() const noexcept override {
    return plan.isDetailed ? nvinfer1::ProfilingVerbosity::kDETAILED : nvinfer1::ProfilingVerbosity::kLAYER_NAMES_ONLY;
  }
  int64_t getStreamableWeightsSize() const noexcept override { return 1 << 20; }
  int64_t getEngineStat(nvinfer1::EngineStat) const noexcept override { return 1 << 20; }
  int32_t getNbAuxStreams() const noexcept override { return 0; }
  void setErrorRecorder(nvinfer1::IErrorRecorder*) noexcept override {}

  nvinfer1::ILogger* const logger;
  const Plan plan;
  bool hasWeights = !plan.isStripped;

  /** 4 kB for each token of the largest batch. */
  size_t activationBytes() const {
    size_t tokens = 1;
    for (const auto& profile : plan.profiles) {
      size_t ofProfile = 1;
      for (const auto size : profile.at("input_ids").max) ofProfile *= static_cast<size_t>(size);
      tokens = std::max(tokens, ofProfile);
    }
    return tokens * 4096;
  }

 private:
  Memory weights_;
};

Context::Context(Engine& engine, size_t ownBytes)
    : engine_(engine), memory_(ownBytes == 0 ? nullptr : std::make_unique<Memory>(ownBytes)) {
  mImpl = this;
}
Context::~Context() {
  // On a lost device nothing can be waited for: what may still run stays.
  if (currentDevice() >= 0) return;
  for (auto& work : works_) static_cast<void>(work.release());
}
nvinfer1::ICudaEngine const& Context::getEngine() const noexcept { return engine_; }

bool Context::refuse(const std::string& why) const {
  error(engine_.logger, "IExecutionContext: Error Code 3: API Usage Error (" + why + ")");
  return false;
}

bool Context::setOptimizationProfileAsync(int32_t index, cudaStream_t) noexcept {
  if (index < 0 || index >= engine_.getNbOptimizationProfiles()) return refuse("no such optimization profile");
  profile_ = index;
  shapes_.clear();
  return true;
}

bool Context::setInputShape(char const* name, Dims const& shape) noexcept {
  const auto& profile = engine_.plan.profiles.at(profile_);
  const auto found = profile.find(name);
  if (found == profile.end()) return refuse(std::string("no input ") + name);
  const auto& [min, opt, max] = found->second;
  if (static_cast<size_t>(shape.nbDims) != min.size()) return refuse(std::string("wrong rank of ") + name);
  for (int i = 0; i < shape.nbDims; i++) {
    if (shape.d[i] < min[i] || shape.d[i] > max[i]) return refuse(std::string("shape of ") + name + " outside of profile " + std::to_string(profile_));
  }
  shapes_[name] = numbers(shape);
  return true;
}

Dims Context::getTensorShape(char const* name) const noexcept {
  const auto found = shapes_.find(name);
  return found == shapes_.end() ? engine_.getTensorShape(name) : dims(found->second);
}

bool Context::allInputDimensionsSpecified() const noexcept {
  for (const auto& tensor : engine_.plan.tensors) {
    if (tensor.isInput && shapes_.count(tensor.name) == 0) return false;
  }
  return true;
}

void* Context::memoryOf(const char* name, size_t elements) const {
  const auto found = addresses_.find(name);
  return found == addresses_.end() ? nullptr : cuda().deviceMemory(found->second, elements * 4);
}

bool Context::enqueueV3(cudaStream_t stream) noexcept {
  if (isBusy_.exchange(true)) return refuse("one context used by two threads");
  const auto done = [this](bool result) {
    isBusy_ = false;
    return result;
  };
  const size_t needed = engine_.activationBytes();
  if (memory_ == nullptr && (givenBytes_ < needed || cuda().deviceMemory(given_, needed) == nullptr)) {
    return done(refuse("the context was given no memory, or not enough"));
  }
  if (!allInputDimensionsSpecified()) return done(refuse("an input has no shape"));
  const auto& ids = shapes_["input_ids"];
  size_t tokens = 1;
  for (const auto size : ids) tokens *= static_cast<size_t>(size);
  const bool isPacked = engine_.isPacked();
  const int64_t batch = isPacked ? shapes_["cu_seqlens"].at(0) - 1 : ids.at(0);
  Inference inference{};
  inference.isPacked = isPacked;
  inference.batch = batch;
  inference.size = isPacked ? ids.at(0) : ids.at(1);
  inference.ids = static_cast<int32_t*>(memoryOf("input_ids", tokens));
  inference.segments = static_cast<int32_t*>(memoryOf("token_type_ids", tokens));
  inference.third = static_cast<int32_t*>(memoryOf(isPacked ? "position_ids" : "attention_mask", tokens));
  inference.logits = static_cast<float*>(memoryOf("logits", 2 * tokens));
  if (isPacked) {
    inference.boundaries = static_cast<int32_t*>(memoryOf("cu_seqlens", static_cast<size_t>(batch) + 1));
    inference.longest = engine_.find("max_seqlen") == nullptr ? shapes_["input_ids"].at(0) : shapes_["max_seqlen"].at(0);
  }
  const bool isComplete = inference.ids && inference.segments && inference.third && inference.logits &&
                          (!isPacked || (inference.boundaries && (engine_.find("max_seqlen") == nullptr || memoryOf("max_seqlen", static_cast<size_t>(inference.longest)))));
  if (!isComplete) return done(refuse("a tensor has no address, or less memory than its shape needs"));

  works_.remove_if([](const auto& work) { return !work->isCaptured && work->isDone; });
  int capturing = 0;
  cuda().streamIsCapturing(stream, &capturing);
  works_.push_back(std::make_unique<Work>());
  works_.back()->inference = inference;
  works_.back()->isCaptured = capturing != 0;
  if (cuda().launchHostFunc(stream, runWork, works_.back().get()) != 0) return done(refuse("the stream refuses work"));
  if (consumed_ != nullptr && cuda().eventRecord(consumed_, stream) != 0) return done(refuse("the stream refuses the event"));
  if (profiler_ != nullptr && emitsProfile_) reportToProfiler();
  return done(true);
}

bool Context::reportToProfiler() const noexcept {
  if (profiler_ == nullptr) return false;
  int index = 0;
  for (const auto& layer : engine_.plan.layers) profiler_->reportLayerTime((layer + "_" + std::to_string(index++)).c_str(), 0.25f);
  return true;
}

}  // namespace

namespace {

class Refitter final : public nvinfer1::IRefitter, public nvinfer1::apiv::StubVRefitter {
 public:
  explicit Refitter(Engine& engine) : engine_(engine) { mImpl = this; }
  int32_t getMissingWeights(int32_t, char const**) noexcept override { return isGiven ? 0 : 1; }
  bool refitCudaEngine() noexcept override {
    engine_.hasWeights = engine_.hasWeights || isGiven;
    note("refit");
    return isGiven;
  }
  nvinfer1::ILogger* getLogger() const noexcept override { return engine_.logger; }
  bool setMaxThreads(int32_t) noexcept override { return true; }
  void setErrorRecorder(nvinfer1::IErrorRecorder*) noexcept override {}
  bool isGiven = false;

 private:
  Engine& engine_;
};

}  // namespace

nvinfer1::IRefitter* makeRefitter(nvinfer1::ICudaEngine& asked) {
  auto& engine = static_cast<Engine&>(asked);
  if (engine.plan.isRefittable) return new Refitter(engine);
  error(engine.logger, "createInferRefitter: Error Code 4: API Usage Error (the engine is not refittable)");
  return nullptr;
}

void giveWeights(nvinfer1::IRefitter& refitter) { static_cast<Refitter&>(refitter).isGiven = true; }

nvinfer1::ICudaEngine* openEngine(nvinfer1::ILogger* logger, const void* bytes, size_t size) {
  Plan plan;
  const int device = currentDevice();
  const auto refuse = [logger](const std::string& why) {
    error(logger, "IRuntime::deserializeCudaEngine: Error Code 1: Serialization (" + why + ")");
    return nullptr;
  };
  if (device < 0) return refuse("no CUDA context in this thread");
  if (!read(std::string(static_cast<const char*>(bytes), size), plan)) return refuse("Serialization assertion magicTagRead failed. Magic tag does not match, or the plan is cut short");
  if (plan.version != version() && !(plan.isVersionCompatible && plan.version < version())) {
    return refuse("The engine plan file is not compatible with this version of TensorRT, expecting library version " + versionText(version()) +
                  " got " + versionText(plan.version) + ", please rebuild.");
  }
  const int capability = computeCapability(device);
  if (plan.computeCapability != capability && !(plan.isHardwareCompatible && capability >= 80)) {
    return refuse("The engine plan file is generated on an incompatible device, expecting compute " + std::to_string(capability / 10) + "." +
                  std::to_string(capability % 10) + " got compute " + std::to_string(plan.computeCapability / 10) + "." +
                  std::to_string(plan.computeCapability % 10) + ", please rebuild.");
  }
  if (plan.gpu != gpuName(device)) {
    logger->log(nvinfer1::ILogger::Severity::kWARNING, "Using an engine plan file across different models of devices is not recommended.");
  }
  auto engine = std::make_unique<Engine>(logger, std::move(plan));
  if (!engine->hasMemory()) return refuse("out of memory for the weights");
  note("open " + std::to_string(device));
  return engine.release();
}

}  // namespace fake

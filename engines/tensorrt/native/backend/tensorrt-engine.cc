// A deserialised plan and its execution contexts.

#include "library.h"

namespace loadrig::LOADRIG_BACKEND {

namespace {

Dimensions toDimensions(const nvinfer1::Dims& dims) {
  return Dimensions(dims.d, dims.d + std::max(dims.nbDims, 0));
}

std::string typeName(nvinfer1::DataType type) {
  if (type == nvinfer1::DataType::kFLOAT) return "float32";
  return type == nvinfer1::DataType::kINT32 ? "int32" : "other";
}

class LayerProfiler final : public nvinfer1::IProfiler {
 public:
  explicit LayerProfiler(std::function<void(const char*, float)> report) : report_(std::move(report)) {}
  void reportLayerTime(char const* layer, float ms) noexcept override { report_(layer, ms); }

 private:
  std::function<void(const char*, float)> report_;
};

class Context final : public ExecutionContext {
 public:
  Context(nvinfer1::IExecutionContext* context, int libraryVersion) : context_(context), version_(libraryVersion) {}

  void setDeviceMemory(DevicePointer memory, size_t bytes) override {
    void* address = reinterpret_cast<void*>(memory);
#if LOADRIG_HEADERS >= 1001
    if (version_ >= 1001) return context_->setDeviceMemoryV2(address, static_cast<int64_t>(bytes));
#endif
    static_cast<void>(bytes);
    context_->setDeviceMemory(address);
  }

  bool setInputShape(const char* tensor, const int64_t* dimensions, int count) override {
    nvinfer1::Dims dims{};
    dims.nbDims = count;
    for (int i = 0; i < count; i++)
      dims.d[i] = static_cast<std::remove_reference_t<decltype(dims.d[0])>>(dimensions[i]);
    return context_->setInputShape(tensor, dims);
  }

  bool setTensorAddress(const char* tensor, DevicePointer memory) override {
    return context_->setTensorAddress(tensor, reinterpret_cast<void*>(memory));
  }

  bool enqueue(CudaStreamHandle stream) override { return context_->enqueueV3(stream); }

  void reportLayers(std::function<void(const char*, float)> report) override {
    profiler_ = std::make_unique<LayerProfiler>(std::move(report));
    context_->setEnqueueEmitsProfile(true);
    context_->setProfiler(profiler_.get());
  }

 private:
  // Before the context, which is destroyed first and may still tell it something.
  std::unique_ptr<LayerProfiler> profiler_;
  std::unique_ptr<nvinfer1::IExecutionContext> context_;
  [[maybe_unused]] const int version_;
};

class Engine final : public DeserializedEngine {
 public:
  Engine(std::unique_ptr<nvinfer1::IRuntime> runtime, nvinfer1::ICudaEngine* engine, int libraryVersion)
      : runtime_(std::move(runtime)), engine_(engine), version_(libraryVersion) {}

  std::vector<TensorFacts> tensors() const override {
    std::vector<TensorFacts> tensors;
    for (int32_t i = 0; i < engine_->getNbIOTensors(); i++) {
      const char* name = engine_->getIOTensorName(i);
      const bool isInput = engine_->getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT;
      tensors.push_back(
          {name, isInput, typeName(engine_->getTensorDataType(name)), toDimensions(engine_->getTensorShape(name))});
    }
    return tensors;
  }

  std::vector<Profile> profiles() const override {
    using Selector = nvinfer1::OptProfileSelector;
    std::vector<Profile> profiles;
    for (int32_t i = 0; i < engine_->getNbOptimizationProfiles(); i++) {
      Profile profile;
      for (const TensorFacts& tensor : tensors()) {
        if (!tensor.isInput) continue;
        const auto shape = [&](Selector which) {
          const Dimensions range = toDimensions(engine_->getProfileShape(tensor.name.c_str(), i, which));
          // An input without sizes chosen at run time need not have a range.
          return range.empty() ? tensor.shape : range;
        };
        profile.push_back({tensor.name, shape(Selector::kMIN), shape(Selector::kOPT), shape(Selector::kMAX)});
      }
      profiles.push_back(std::move(profile));
    }
    return profiles;
  }

  size_t activationBytes() const override {
#if LOADRIG_HEADERS >= 1001
    if (version_ >= 1001) return static_cast<size_t>(engine_->getDeviceMemorySizeV2());
#endif
#if LOADRIG_HEADERS < 1100
    return engine_->getDeviceMemorySize();
#else
    return 0;
#endif
  }

  size_t weightBytes() const override {
#if LOADRIG_HEADERS >= 1015
    if (version_ >= 1015) {
      return static_cast<size_t>(
          std::max<int64_t>(0, engine_->getEngineStat(nvinfer1::EngineStat::kTOTAL_WEIGHTS_SIZE)));
    }
#endif
    return 0;
  }

  std::string inspection() const override {
    const std::unique_ptr<nvinfer1::IEngineInspector> inspector(engine_->createEngineInspector());
    if (inspector == nullptr) return "";
    const char* text = inspector->getEngineInformation(nvinfer1::LayerInformationFormat::kJSON);
    return text != nullptr ? text : "";
  }

  std::unique_ptr<ExecutionContext> createContext(int profile, CudaStreamHandle stream) override {
#if LOADRIG_HEADERS >= 1000
    auto* created = engine_->createExecutionContext(nvinfer1::ExecutionContextAllocationStrategy::kUSER_MANAGED);
#else
    auto* created = engine_->createExecutionContextWithoutDeviceMemory();
#endif
    if (created == nullptr) return nullptr;
    auto context = std::make_unique<Context>(created, version_);
    return created->setOptimizationProfileAsync(profile, stream) ? std::move(context) : nullptr;
  }

 private:
  std::unique_ptr<nvinfer1::IRuntime> runtime_;
  std::unique_ptr<nvinfer1::ICudaEngine> engine_;
  [[maybe_unused]] const int version_;
};

}  // namespace

std::unique_ptr<DeserializedEngine> deserializePlan(Library& library, const void* plan, size_t bytes,
                                                    const std::string& weightsFile) {
  registerPlugins(library);
  library.logger.takeErrors();
  std::unique_ptr<nvinfer1::IRuntime> runtime(library.create<nvinfer1::IRuntime>("createInferRuntime_INTERNAL"));
  if (runtime == nullptr) {
    throw NativeError(ErrorCode::TensorrtEngine, "createInferRuntime failed" + library.logger.takeErrors());
  }
#if LOADRIG_HEADERS >= 806
  // A version-compatible plan carries code of its own; plans are files that the user built.
  if (library.version() >= 806) runtime->setEngineHostCodeAllowed(true);
#endif
  auto* engine = runtime->deserializeCudaEngine(plan, bytes);
  if (engine == nullptr) {
    throw NativeError(ErrorCode::TensorrtEngine, "deserializeCudaEngine failed" + library.logger.takeErrors());
  }
  auto opened = std::make_unique<Engine>(std::move(runtime), engine, library.version());
  if (!weightsFile.empty()) refit(library, *engine, weightsFile);
  return opened;
}

}  // namespace loadrig::LOADRIG_BACKEND

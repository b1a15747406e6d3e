// Builder, config and network of the fake TensorRT: what was parsed and asked for becomes a plan.
#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "cuda.h"
#include "library.h"
#include "plan.h"

namespace fake {
namespace {

using nvinfer1::BuilderFlag;
using nvinfer1::Dims;
using nvinfer1::OptProfileSelector;

constexpr char cacheMagic[] = "fake-timing-cache ";

class OptimizationProfile final : public nvinfer1::IOptimizationProfile, public nvinfer1::apiv::StubVOptimizationProfile {
 public:
  OptimizationProfile() { mImpl = this; }
  bool setDimensions(char const* name, OptProfileSelector select, Dims const& shape) noexcept override {
    auto& range = profile[name];
    (select == OptProfileSelector::kMIN ? range.min : select == OptProfileSelector::kOPT ? range.opt : range.max) = numbers(shape);
    return true;
  }
  bool isValid() const noexcept override { return !profile.empty(); }
  Profile profile;
};

class TimingCache final : public nvinfer1::ITimingCache, public nvinfer1::apiv::StubVTimingCache {
 public:
  explicit TimingCache(std::string bytes) : bytes(std::move(bytes)) { mImpl = this; }
  nvinfer1::IHostMemory* serialize() const noexcept override { return hostMemory(bytes); }
  bool combine(nvinfer1::ITimingCache const&, bool) noexcept override { return true; }
  std::string bytes;
};

class Tensor final : public nvinfer1::ITensor, public nvinfer1::apiv::StubVTensor {
 public:
  explicit Tensor(const TensorInfo& info) : info_(info) { mImpl = this; }
  char const* getName() const noexcept override { return info_.name.c_str(); }
  Dims getDimensions() const noexcept override { return dims(info_.shape); }
  nvinfer1::DataType getType() const noexcept override { return static_cast<nvinfer1::DataType>(info_.type); }
  bool isNetworkInput() const noexcept override { return info_.isInput; }
  bool isNetworkOutput() const noexcept override { return !info_.isInput; }
  bool isShapeTensor() const noexcept override { return false; }
  bool isExecutionTensor() const noexcept override { return true; }

 private:
  TensorInfo info_;
};

class Network final : public nvinfer1::INetworkDefinition, public nvinfer1::apiv::StubVNetworkDefinition {
 public:
  explicit Network(uint32_t flags) : flags_(flags) { mImpl = this; }
  int32_t getNbLayers() const noexcept override { return static_cast<int32_t>(graph.operators.size()); }
  int32_t getNbInputs() const noexcept override { return count(true); }
  int32_t getNbOutputs() const noexcept override { return count(false); }
  nvinfer1::ITensor* getInput(int32_t index) const noexcept override { return at(true, index); }
  nvinfer1::ITensor* getOutput(int32_t index) const noexcept override { return at(false, index); }
  nvinfer1::NetworkDefinitionCreationFlags getFlags() const noexcept override { return flags_; }
  void setName(char const*) noexcept override {}
  void setErrorRecorder(nvinfer1::IErrorRecorder*) noexcept override {}
  OnnxGraph graph;

 private:
  int32_t count(bool isInput) const {
    int32_t found = 0;
    for (const auto& tensor : graph.tensors) found += tensor.isInput == isInput;
    return found;
  }
  nvinfer1::ITensor* at(bool isInput, int32_t index) const {
    for (const auto& tensor : graph.tensors) {
      if (tensor.isInput != isInput || index-- != 0) continue;
      tensors_.push_back(std::make_unique<Tensor>(tensor));
      return tensors_.back().get();
    }
    return nullptr;
  }
  uint32_t flags_;
  mutable std::vector<std::unique_ptr<Tensor>> tensors_;
};

class Config final : public nvinfer1::IBuilderConfig, public nvinfer1::apiv::StubVBuilderConfig {
 public:
  Config() { mImpl = this; }
  void setFlag(BuilderFlag flag) noexcept override { flags |= 1u << static_cast<uint32_t>(flag); }
  void clearFlag(BuilderFlag flag) noexcept override { flags &= ~(1u << static_cast<uint32_t>(flag)); }
  bool getFlag(BuilderFlag flag) const noexcept override { return (flags >> static_cast<uint32_t>(flag) & 1) != 0; }
  void setFlags(nvinfer1::BuilderFlags all) noexcept override { flags = all; }
  nvinfer1::BuilderFlags getFlags() const noexcept override { return flags; }
  void setMemoryPoolLimit(nvinfer1::MemoryPoolType, std::size_t) noexcept override {}
  std::size_t getMemoryPoolLimit(nvinfer1::MemoryPoolType) const noexcept override { return 1ull << 30; }
  int32_t addOptimizationProfile(nvinfer1::IOptimizationProfile const* profile) noexcept override {
    profiles.push_back(static_cast<OptimizationProfile const*>(profile)->profile);
    return static_cast<int32_t>(profiles.size()) - 1;
  }
  int32_t getNbOptimizationProfiles() const noexcept override { return static_cast<int32_t>(profiles.size()); }
  void setProfilingVerbosity(nvinfer1::ProfilingVerbosity verbosity) noexcept override {
    isDetailed = verbosity == nvinfer1::ProfilingVerbosity::kDETAILED;
  }
  nvinfer1::ITimingCache* createTimingCache(const void* bytes, std::size_t size) const noexcept override {
    if (size == 0) return new TimingCache(std::string(cacheMagic) + "\n");
    const std::string text(static_cast<const char*>(bytes), size);
    return text.rfind(cacheMagic, 0) == 0 ? new TimingCache(text) : nullptr;
  }
  bool setTimingCache(nvinfer1::ITimingCache const& cache, bool) noexcept override {
    timingCache = static_cast<TimingCache const*>(&cache);
    return true;
  }
  nvinfer1::ITimingCache const* getTimingCache() const noexcept override { return timingCache; }
  void setBuilderOptimizationLevel(int32_t) noexcept override {}
  void setHardwareCompatibilityLevel(nvinfer1::HardwareCompatibilityLevel level) noexcept override {
    isHardwareCompatible = level != nvinfer1::HardwareCompatibilityLevel::kNONE;
  }
  void setProgressMonitor(nvinfer1::IProgressMonitor* monitor) noexcept override { progress = monitor; }
  void setPreviewFeature(nvinfer1::PreviewFeature, bool) noexcept override {}
  bool setTacticSources(nvinfer1::TacticSources) noexcept override { return true; }
  void setMaxNbTactics(int32_t) noexcept override {}
  void setAvgTimingIterations(int32_t) noexcept override {}
  void setProfileStream(cudaStream_t) noexcept override {}
#if NV_TENSORRT_MAJOR < 11
  void setMaxAuxStreams(int32_t) noexcept override {}
#else
  bool setMaxAuxStreams(int32_t) noexcept override { return true; }
#endif

  uint32_t flags = 0;
  std::vector<Profile> profiles;
  bool isDetailed = false;
  bool isHardwareCompatible = false;
  TimingCache const* timingCache = nullptr;
  nvinfer1::IProgressMonitor* progress = nullptr;
};

class Builder final : public nvinfer1::IBuilder, public nvinfer1::apiv::StubVBuilder {
 public:
  explicit Builder(nvinfer1::ILogger* logger) : logger_(logger) { mImpl = this; }
  nvinfer1::INetworkDefinition* createNetworkV2(nvinfer1::NetworkDefinitionCreationFlags flags) noexcept override {
    return new Network(flags);
  }
  nvinfer1::IBuilderConfig* createBuilderConfig() noexcept override { return new Config; }
  nvinfer1::IOptimizationProfile* createOptimizationProfile() noexcept override {
    profiles_.push_back(std::make_unique<OptimizationProfile>());
    return profiles_.back().get();
  }
  nvinfer1::IHostMemory* buildSerializedNetwork(nvinfer1::INetworkDefinition& network, nvinfer1::IBuilderConfig& config) noexcept override;
  nvinfer1::ILogger* getLogger() const noexcept override { return logger_; }
  bool setMaxThreads(int32_t) noexcept override { return true; }
  void setErrorRecorder(nvinfer1::IErrorRecorder*) noexcept override {}

 private:
  nvinfer1::IHostMemory* refuse(const std::string& why) const {
    error(logger_, "IBuilder::buildSerializedNetwork: Error Code " + why);
    return nullptr;
  }
  nvinfer1::ILogger* logger_;
  std::vector<std::unique_ptr<OptimizationProfile>> profiles_;
};

/** Every tensor whose shape is open needs its range in every profile. */
std::string missingRange(const OnnxGraph& graph, const std::vector<Profile>& profiles) {
  for (const auto& tensor : graph.tensors) {
    bool isOpen = false;
    for (const auto size : tensor.shape) isOpen |= size < 0;
    if (!tensor.isInput || !isOpen) continue;
    if (profiles.empty()) return tensor.name;
    for (const auto& profile : profiles) {
      const auto found = profile.find(tensor.name);
      if (found == profile.end() || found->second.min.size() != tensor.shape.size() || found->second.max.empty()) return tensor.name;
    }
  }
  return "";
}

nvinfer1::IHostMemory* Builder::buildSerializedNetwork(nvinfer1::INetworkDefinition& network, nvinfer1::IBuilderConfig& asked) noexcept {
  const auto& config = static_cast<Config&>(asked);
  const auto& graph = static_cast<Network&>(network).graph;
  const int device = currentDevice();
  if (device < 0) return refuse("3: API Usage Error (no CUDA context in this thread)");
  const int capability = computeCapability(device);
  if (capability < 75 && version() >= 100500) {
    return refuse("9: Target GPU SM " + std::to_string(capability) + " is not supported by this TensorRT release.");
  }
  const std::string open = missingRange(graph, config.profiles);
  if (!open.empty()) return refuse("4: API Usage Error (Network has dynamic or shape inputs, but no optimization profile has been defined for " + open + ".)");
  const char* outcome = std::getenv("FAKE_TENSORRT_BUILD");
  if (outcome != nullptr && std::strcmp(outcome, "crash") == 0) std::abort();
  if (outcome != nullptr && std::strcmp(outcome, "fail") == 0) return refuse("10: Internal Error (Could not find any implementation for node ForeignNode.)");
  note("build " + std::to_string(device));
  if (config.progress != nullptr) config.progress->phaseStart("Building Engine", nullptr, 1);
  waitMs("FAKE_TENSORRT_BUILD_MS");
  if (config.progress != nullptr) {
    config.progress->stepComplete("Building Engine", 0);
    config.progress->phaseFinish("Building Engine");
  }
  logger_->log(nvinfer1::ILogger::Severity::kWARNING, "fake: this engine computes no BERT");
  Plan plan;
  plan.version = version();
  plan.gpu = gpuName(device);
  plan.computeCapability = capability;
  plan.isVersionCompatible = config.getFlag(BuilderFlag::kVERSION_COMPATIBLE);
  plan.isHardwareCompatible = config.isHardwareCompatible;
  plan.isDetailed = config.isDetailed;
  plan.isStripped = config.getFlag(BuilderFlag::kSTRIP_PLAN);
  plan.isRefittable = plan.isStripped || config.getFlag(BuilderFlag::kREFIT);
  plan.tensors = graph.tensors;
  plan.profiles = config.profiles;
  plan.layers = graph.operators;
  plan.weightType = graph.weightType;
  return hostMemory(write(plan));
}

}  // namespace

nvinfer1::IBuilder* makeBuilder(nvinfer1::ILogger* logger) {
  const char* architecture = std::getenv("FAKE_TENSORRT_RESOURCE");
  const std::string part = architecture == nullptr ? "" : std::string("_") + architecture;
  const std::string resource = "libnvinfer_builder_resource" + part + ".so." + versionText(version());
  // As TensorRT does: where the loader looks, which need not be beside itself.
  if (dlopen(resource.c_str(), RTLD_NOW) == nullptr) {
    error(logger, "createInferBuilder: Error Code 6: API Usage Error (Unable to load library: " + resource + ": " + dlerror() + ")");
    return nullptr;
  }
  return new Builder(logger);
}

OnnxGraph& graphOf(nvinfer1::INetworkDefinition& network) { return static_cast<Network&>(network).graph; }

}  // namespace fake

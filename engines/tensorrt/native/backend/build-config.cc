// Translates a BuildOrder into the flags of each major version.

#include "build-config.h"

#include "../native-error.h"

namespace loadrig::LOADRIG_BACKEND {

namespace {

using nvinfer1::BuilderFlag;

[[noreturn, maybe_unused]] void refuse(const std::string& what) {
  throw NativeError(ErrorCode::Argument, "TensorRT " + std::to_string(NV_TENSORRT_MAJOR) + " " + what);
}

nvinfer1::Dims toDims(const Dimensions& dimensions) {
  nvinfer1::Dims dims{};
  if (dimensions.size() > static_cast<size_t>(nvinfer1::Dims::MAX_DIMS))
    refuse("takes no tensor of so many dimensions");
  dims.nbDims = static_cast<int32_t>(dimensions.size());
  for (size_t i = 0; i < dimensions.size(); i++) {
    dims.d[i] = static_cast<std::remove_reference_t<decltype(dims.d[0])>>(dimensions[i]);
  }
  return dims;
}

#if LOADRIG_HEADERS < 1100
void setWeakTypes(nvinfer1::IBuilderConfig& config, const BuildOrder& order) {
  if (order.fp16) config.setFlag(BuilderFlag::kFP16);
  if (order.int8) config.setFlag(BuilderFlag::kINT8);
#if LOADRIG_HEADERS >= 900
  if (order.bf16) config.setFlag(BuilderFlag::kBF16);
  if (order.fp8) config.setFlag(BuilderFlag::kFP8);
#else
  if (order.bf16 || order.fp8) refuse("builds neither bf16 nor fp8; TensorRT 10 does");
#endif
}
#endif

void setCompatibility([[maybe_unused]] nvinfer1::IBuilderConfig& config, const BuildOrder& order, int libraryVersion) {
  if (libraryVersion < 806) {
    if (order.versionCompatible || order.hardwareCompatible) refuse("knows no compatible plans before 8.6");
    if (order.optimizationLevel >= 0 || order.maxAuxStreams >= 0) {
      refuse("knows neither optimization_level nor max_aux_streams before 8.6");
    }
    return;
  }
#if LOADRIG_HEADERS >= 806
  if (order.versionCompatible) config.setFlag(BuilderFlag::kVERSION_COMPATIBLE);
  if (order.hardwareCompatible) {
    config.setHardwareCompatibilityLevel(nvinfer1::HardwareCompatibilityLevel::kAMPERE_PLUS);
  }
  if (order.optimizationLevel >= 0) config.setBuilderOptimizationLevel(order.optimizationLevel);
  if (order.maxAuxStreams >= 0) config.setMaxAuxStreams(order.maxAuxStreams);
#else
  if (order.versionCompatible || order.hardwareCompatible || order.optimizationLevel >= 0 || order.maxAuxStreams >= 0) {
    refuse("8.6 can do that, but the addon was built with the headers of 8.5");
  }
#endif
}

}  // namespace

uint32_t networkFlags([[maybe_unused]] const BuildOrder& order) {
  using Flag = nvinfer1::NetworkDefinitionCreationFlag;
  [[maybe_unused]] const auto bit = [](Flag flag) { return 1U << static_cast<uint32_t>(flag); };
#if LOADRIG_HEADERS >= 1100
  if (order.fp16 || order.int8 || order.bf16 || order.fp8)
    refuse("takes precision from the network, not from weak_types");
  return 0;
#elif LOADRIG_HEADERS >= 1000
  return order.stronglyTyped ? bit(Flag::kSTRONGLY_TYPED) : 0;
#else
  if (order.stronglyTyped) refuse("builds no strongly typed network; name the precisions in weak_types");
  return bit(Flag::kEXPLICIT_BATCH);
#endif
}

void configure(nvinfer1::IBuilderConfig& config, const BuildOrder& order, int libraryVersion) {
#if LOADRIG_HEADERS < 1100
  if (!order.stronglyTyped) setWeakTypes(config, order);
#endif
  if (!order.tf32) config.clearFlag(BuilderFlag::kTF32);
  if (order.sparseWeights) config.setFlag(BuilderFlag::kSPARSE_WEIGHTS);
  if (order.refit) config.setFlag(BuilderFlag::kREFIT);
#if LOADRIG_HEADERS >= 1000
  if (order.stripPlan) config.setFlag(BuilderFlag::kSTRIP_PLAN);
#else
  if (order.stripPlan) refuse("makes no stripped plans; TensorRT 10 does");
#endif
  setCompatibility(config, order, libraryVersion);
  if (order.workspaceBytes > 0) {
    config.setMemoryPoolLimit(nvinfer1::MemoryPoolType::kWORKSPACE, order.workspaceBytes);
  }
  if (order.detailedProfiling) config.setProfilingVerbosity(nvinfer1::ProfilingVerbosity::kDETAILED);
}

#if LOADRIG_HEADERS >= 1100
void setDynamicRanges(nvinfer1::INetworkDefinition&, const BuildOrder& order) {
  if (!order.dynamicRanges.empty()) refuse("takes no dynamic_ranges; quantise in the network (Q/DQ)");
}
#else
void setDynamicRanges(nvinfer1::INetworkDefinition& network, const BuildOrder& order) {
  if (order.dynamicRanges.empty()) return;
  if (order.stronglyTyped) refuse("takes dynamic_ranges only where the network is not strongly typed");
  auto missing = order.dynamicRanges;
  const auto set = [&](nvinfer1::ITensor* tensor) {
    const auto range = tensor == nullptr ? order.dynamicRanges.end() : order.dynamicRanges.find(tensor->getName());
    if (range == order.dynamicRanges.end()) return;
    if (!tensor->setDynamicRange(-range->second, range->second)) {
      throw NativeError(ErrorCode::TensorrtBuild, "the dynamic range of " + range->first + " was refused");
    }
    missing.erase(range->first);
  };
  for (int32_t i = 0; i < network.getNbInputs(); i++) set(network.getInput(i));
  for (int32_t i = 0; i < network.getNbLayers(); i++) {
    auto* layer = network.getLayer(i);
    for (int32_t k = 0; k < layer->getNbOutputs(); k++) set(layer->getOutput(k));
  }
  if (missing.empty()) return;
  throw NativeError(ErrorCode::TensorrtBuild, "dynamic_ranges names " + std::to_string(missing.size()) +
                                                  " tensors that the network does not have, " + missing.begin()->first +
                                                  " among them");
}
#endif

void addProfiles(nvinfer1::IBuilder& builder, nvinfer1::IBuilderConfig& config, const BuildOrder& order) {
  using Selector = nvinfer1::OptProfileSelector;
  for (size_t i = 0; i < order.profiles.size(); i++) {
    auto* profile = builder.createOptimizationProfile();
    for (const DimensionRange& range : order.profiles[i]) {
      const char* tensor = range.tensor.c_str();
      if (!profile->setDimensions(tensor, Selector::kMIN, toDims(range.min)) ||
          !profile->setDimensions(tensor, Selector::kOPT, toDims(range.opt)) ||
          !profile->setDimensions(tensor, Selector::kMAX, toDims(range.max))) {
        throw NativeError(ErrorCode::TensorrtBuild, "profile " + std::to_string(i) + ": the range of " + range.tensor +
                                                        " was refused (min <= opt <= max, one rank)");
      }
    }
    if (config.addOptimizationProfile(profile) < 0) {
      throw NativeError(ErrorCode::TensorrtBuild,
                        "profile " + std::to_string(i) + " was refused (is an input missing?)");
    }
  }
}

}  // namespace loadrig::LOADRIG_BACKEND

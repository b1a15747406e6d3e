// Entry points of the fake libnvinfer, its version and its plugin registry.
#include "library.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "cuda.h"

namespace fake {

int version() {
  const char* asked = std::getenv("FAKE_TENSORRT_VERSION");
  return asked != nullptr ? std::atoi(asked) : NV_TENSORRT_MAJOR * 10000 + NV_TENSORRT_MINOR * 100 + NV_TENSORRT_PATCH;
}

std::string versionText(int version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." + std::to_string(version % 100);
}

void note(const std::string& line) {
  const char* file = std::getenv("FAKE_TENSORRT_LOG");
  FILE* out = file == nullptr ? nullptr : std::fopen(file, "a");
  if (out == nullptr) return;
  std::fputs((line + "\n").c_str(), out);
  std::fclose(out);
}

void waitMs(const char* setting) {
  const char* ms = std::getenv(setting);
  if (ms != nullptr) usleep(static_cast<useconds_t>(std::atof(ms) * 1000));
}

[[noreturn]] void unknownCall(const char* function) {
  std::fprintf(stderr, "the fake TensorRT has no %s: add it to tests/fakes/native/tensorrt\n", function);
  std::abort();
}

namespace {

class HostMemory final : public nvinfer1::IHostMemory, public nvinfer1::apiv::StubVHostMemory {
 public:
  explicit HostMemory(std::string bytes) : bytes_(std::move(bytes)) { mImpl = this; }
  void* data() const noexcept override { return const_cast<char*>(bytes_.data()); }
  std::size_t size() const noexcept override { return bytes_.size(); }

 private:
  std::string bytes_;
};

class Runtime final : public nvinfer1::IRuntime, public nvinfer1::apiv::StubVRuntime {
 public:
  explicit Runtime(nvinfer1::ILogger* logger) : logger_(logger) { mImpl = this; }
  nvinfer1::ICudaEngine* deserializeCudaEngine(const void* plan, std::size_t size) noexcept override {
    return openEngine(logger_, plan, size);
  }
  nvinfer1::ILogger* getLogger() const noexcept override { return logger_; }
  void setErrorRecorder(nvinfer1::IErrorRecorder*) noexcept override {}
  bool setMaxThreads(int32_t) noexcept override { return true; }
  void setEngineHostCodeAllowed(bool) noexcept override {}

 private:
  nvinfer1::ILogger* logger_;
};

/** A creator that is listed and makes nothing: plugins run inside the fake engine. */
class Creator final : public nvinfer1::IPluginCreatorV3One {
 public:
  Creator(const char* name, const char* version) : name_(name), version_(version) {}
  nvinfer1::AsciiChar const* getPluginName() const noexcept override { return name_; }
  nvinfer1::AsciiChar const* getPluginVersion() const noexcept override { return version_; }
  nvinfer1::AsciiChar const* getPluginNamespace() const noexcept override { return ""; }
  nvinfer1::PluginFieldCollection const* getFieldNames() noexcept override { return nullptr; }
  nvinfer1::IPluginV3* createPlugin(nvinfer1::AsciiChar const*, nvinfer1::PluginFieldCollection const*,
                                    nvinfer1::TensorRTPhase) noexcept override {
    return nullptr;
  }

 private:
  const char* name_;
  const char* version_;
};

class Registry final : public nvinfer1::StubIPluginRegistry {
 public:
  bool registerCreator(nvinfer1::IPluginCreatorInterface& creator, nvinfer1::AsciiChar const*) noexcept override {
    creators_.push_back(&creator);
    return true;
  }
  nvinfer1::IPluginCreatorInterface* const* getAllCreators(int32_t* const count) const noexcept override {
    *count = static_cast<int32_t>(creators_.size());
    return creators_.data();
  }
  nvinfer1::IPluginCreatorInterface* getCreator(nvinfer1::AsciiChar const* name, nvinfer1::AsciiChar const* version,
                                                nvinfer1::AsciiChar const*) noexcept override {
    for (auto* creator : creators_) {
      auto* known = static_cast<Creator*>(creator);
      if (std::string(known->getPluginName()) == name && std::string(known->getPluginVersion()) == version) return creator;
    }
    return nullptr;
  }

 private:
  std::vector<nvinfer1::IPluginCreatorInterface*> creators_;
};

}  // namespace

nvinfer1::IHostMemory* hostMemory(std::string bytes) { return new HostMemory(std::move(bytes)); }

}  // namespace fake

#define TENSORRT_EXPORT extern "C" __attribute__((visibility("default")))

TENSORRT_EXPORT int32_t getInferLibVersion() noexcept { return fake::version(); }

TENSORRT_EXPORT void* createInferRuntime_INTERNAL(void* logger, int32_t) noexcept {
  fake::cuda();
  return static_cast<nvinfer1::IRuntime*>(new fake::Runtime(static_cast<nvinfer1::ILogger*>(logger)));
}

TENSORRT_EXPORT void* createInferBuilder_INTERNAL(void* logger, int32_t) noexcept {
  fake::cuda();
  return fake::makeBuilder(static_cast<nvinfer1::ILogger*>(logger));
}

TENSORRT_EXPORT void* createInferRefitter_INTERNAL(void* engine, void*, int32_t) noexcept {
  return fake::makeRefitter(*static_cast<nvinfer1::ICudaEngine*>(engine));
}

TENSORRT_EXPORT nvinfer1::IPluginRegistry* getPluginRegistry() noexcept {
  static auto* const registry = new fake::Registry;
  return registry;
}

/** Called by the fake plugin library. */
TENSORRT_EXPORT void fakeTensorrtRegisterPlugin(const char* name, const char* version) {
  getPluginRegistry()->registerCreator(*new fake::Creator(name, version), "");
}

/** For the fake parser, which is a library of its own. */
TENSORRT_EXPORT void* fakeTensorrtGraph(nvinfer1::INetworkDefinition* network) { return &fake::graphOf(*network); }
TENSORRT_EXPORT void fakeTensorrtGiveWeights(nvinfer1::IRefitter* refitter) { fake::giveWeights(*refitter); }

// ONNX file → network → plan.

#include <unistd.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>

#include "../file-io.h"
#include "build-config.h"
#include "library.h"

namespace loadrig::LOADRIG_BACKEND {

namespace {

class BuiltPlan final : public Plan {
 public:
  explicit BuiltPlan(nvinfer1::IHostMemory* memory) : memory_(memory) {}
  const void* data() const override { return memory_->data(); }
  size_t size() const override { return memory_->size(); }

 private:
  std::unique_ptr<nvinfer1::IHostMemory> memory_;
};

#if LOADRIG_HEADERS >= 1000
/** Says how far a build is, ten times a phase. Phases nest, and are told of by several threads. */
class ProgressLines final : public nvinfer1::IProgressMonitor {
 public:
  explicit ProgressLines(Logger::Sink sink) : sink_(std::move(sink)) {}

  void phaseStart(char const* phase, char const*, int32_t steps) noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    steps_[phase] = std::max(steps, 1);
    sink_(std::string("progress: ") + phase);
  }

  bool stepComplete(char const* phase, int32_t step) noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    const int64_t steps = steps_[phase];
    if (step * 10 / steps != (step + 1) * 10 / steps) {
      sink_(std::string("progress: ") + phase + " " + std::to_string((step + 1) * 100 / steps) + " %");
    }
    return true;
  }

  void phaseFinish(char const* phase) noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    steps_.erase(phase);
  }

 private:
  Logger::Sink sink_;
  std::mutex mutex_;
  std::map<std::string, int64_t> steps_;
};
#endif

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/** One build: owns everything between the ONNX file and the plan. */
class Build {
 public:
  Build(Library& library, const BuildOrder& order) : library_(library), order_(order) {
    builder_.reset(library_.create<nvinfer1::IBuilder>("createInferBuilder_INTERNAL"));
    if (builder_ == nullptr) fail("createInferBuilder failed");
    network_.reset(builder_->createNetworkV2(networkFlags(order)));
    config_.reset(builder_->createBuilderConfig());
    if (network_ == nullptr || config_ == nullptr) fail("createNetworkV2 failed");
  }

  void parse() {
    using Create = void* (*)(void*, void*, int);
    const auto create = Library::find<Create>(library_.files->parser, "createNvOnnxParser_INTERNAL");
    parser_.reset(
        static_cast<nvonnxparser::IParser*>(create(network_.get(), &library_.logger, NV_ONNX_PARSER_VERSION)));
    if (parser_ == nullptr) fail("createNvOnnxParser failed");
    // From the file, so that external data beside it is found.
    if (parser_->parseFromFile(order_.onnxFile.c_str(), static_cast<int>(nvinfer1::ILogger::Severity::kWARNING)))
      return;
    std::string problems;
    for (int32_t i = 0; i < parser_->getNbErrors(); i++) {
      const auto* error = parser_->getError(i);
      problems += std::string("; node ") + std::to_string(error->node()) + ": " + error->desc();
    }
    library_.logger.takeErrors();
    fail("cannot parse " + order_.onnxFile + problems);
  }

  void configureAll(const Logger::Sink& onLine) {
    configure(*config_, order_, library_.version());
    setDynamicRanges(*network_, order_);
    addProfiles(*builder_, *config_, order_);
    useTimingCache(onLine);
#if LOADRIG_HEADERS >= 1000
    progress_ = std::make_unique<ProgressLines>(onLine);
    config_->setProgressMonitor(progress_.get());
#endif
  }

  std::unique_ptr<BuiltPlan> run() {
    auto* memory = builder_->buildSerializedNetwork(*network_, *config_);
    if (memory == nullptr) fail("buildSerializedNetwork failed");
    return std::make_unique<BuiltPlan>(memory);
  }

  void keepTimingCache() {
    if (order_.timingCacheFile.empty() || config_->getTimingCache() == nullptr) return;
    const std::unique_ptr<nvinfer1::IHostMemory> bytes(config_->getTimingCache()->serialize());
    if (bytes != nullptr) writeFileAtomically(order_.timingCacheFile, bytes->data(), bytes->size());
  }

 private:
  [[noreturn]] void fail(const std::string& what) {
    throw NativeError(ErrorCode::TensorrtBuild, what + library_.logger.takeErrors());
  }

  void useTimingCache(const Logger::Sink& onLine) {
    if (order_.timingCacheFile.empty()) return;
    const std::string bytes = readFileIfThere(order_.timingCacheFile);
    cache_.reset(config_->createTimingCache(bytes.data(), bytes.size()));
    if (cache_ != nullptr && config_->setTimingCache(*cache_, false)) return;
    onLine("warning: " + order_.timingCacheFile + " is of another GPU or TensorRT; it is made anew");
    cache_.reset(config_->createTimingCache(nullptr, 0));
    if (cache_ != nullptr) config_->setTimingCache(*cache_, false);
  }

  Library& library_;
  const BuildOrder& order_;
  // Destroyed from the last to the first: the parser before the network, all before the builder.
  std::unique_ptr<nvinfer1::IBuilder> builder_;
#if LOADRIG_HEADERS >= 1000
  std::unique_ptr<ProgressLines> progress_;
#endif
  std::unique_ptr<nvinfer1::ITimingCache> cache_;
  std::unique_ptr<nvinfer1::IBuilderConfig> config_;
  std::unique_ptr<nvinfer1::INetworkDefinition> network_;
  std::unique_ptr<nvonnxparser::IParser> parser_;
};

[[noreturn]] void missResource(const std::string& resource, const TensorrtLibraries& files) {
  throw NativeError(ErrorCode::TensorrtLibrary, resource + " is not beside " + files.inferFile +
                                                    ": TensorRT can run plans, but not build them for this GPU. Install "
                                                    "the whole of TensorRT (libnvinfer, not only libnvinfer-lean).");
}

/** What stops a build before it begins. */
void checkLibraries(const TensorrtLibraries& files) {
  if (files.major() == 10 && files.minor() == 8) {
    throw NativeError(ErrorCode::TensorrtVersion,
                      "TensorRT 10.8 changed the layout of networks against all other 10.x and cannot build here; "
                      "use 10.7 or older, or 10.9 or newer");
  }
  if (files.parser == nullptr) {
    throw NativeError(ErrorCode::TensorrtLibrary, "the ONNX parser of TensorRT is missing: " + files.parserProblem +
                                                      ". Install libnvonnxparsers, or copy it beside libnvinfer.");
  }
  const std::string resource = "libnvinfer_builder_resource.so." + files.versionText();
  if (files.builderResourceFile.empty() && !whyNotLoadable(resource).empty()) missResource(resource, files);
}

/**
 * For a build that failed: TensorRT opens its builder resource by name alone, from 10.15 on one for each architecture, of which an
 * installation may have others than this GPU's.
 */
[[noreturn]] void explainResource(const NativeError& error, const TensorrtLibraries& files) {
  const std::string told = error.what();
  const std::string& beside = files.builderResourceFile;
  const size_t start = told.find("libnvinfer_builder_resource");
  const std::string resource = start == std::string::npos ? beside.substr(beside.rfind('/') + 1)
                                                          : told.substr(start, told.find_first_of(": )", start) - start);
  if (resource.empty() || whyNotLoadable(resource).empty()) throw error;
  const std::string file = files.inferFile.substr(0, files.inferFile.rfind('/') + 1) + resource;
  if (access(file.c_str(), R_OK) != 0) missResource(resource, files);
  throw NativeError(error.code, told + ". The dynamic loader does not find " + file + ": put its folder on LD_LIBRARY_PATH");
}

}  // namespace

std::unique_ptr<Plan> buildPlan(Library& library, const BuildOrder& order, const Logger::Sink& onLine) {
  checkLibraries(*library.files);
  registerPlugins(library);
  library.logger.takeErrors();
  library.logger.takeWarnings();
  library.logger.listen(order.logSeverity, onLine);
  try {
    auto start = std::chrono::steady_clock::now();
    Build build(library, order);
    build.parse();
    const double parseSeconds = secondsSince(start);
    start = std::chrono::steady_clock::now();
    build.configureAll(onLine);
    auto plan = build.run();
    plan->parseSeconds = parseSeconds;
    plan->buildSeconds = secondsSince(start);
    build.keepTimingCache();
    plan->warnings = library.logger.takeWarnings();
    library.logger.listen(order.logSeverity, {});
    return plan;
  } catch (const NativeError& error) {
    library.logger.listen(order.logSeverity, {});
    explainResource(error, *library.files);
  }
}

}  // namespace loadrig::LOADRIG_BACKEND

// What the addon asks of TensorRT, free of TensorRT's types, so that one binary holds a backend for each major version.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../cuda-driver.h"

namespace loadrig {

struct TensorrtLibraries;

using Dimensions = std::vector<int64_t>;

/** ILogger::Severity, worst first. */
enum class Severity { InternalError, Error, Warning, Info, Verbose };

struct DimensionRange {
  std::string tensor;
  Dimensions min;
  Dimensions opt;
  Dimensions max;
};
/** One optimisation profile: the range of each input. */
using Profile = std::vector<DimensionRange>;

struct TensorFacts {
  std::string name;
  bool isInput;
  /** "float32", "int32", or "other". */
  std::string type;
  /** -1 where the size is chosen at run time. */
  Dimensions shape;
};

/** What to build; NativeBuild of engines/tensorrt/native-build.ts. */
struct BuildOrder {
  std::string onnxFile;
  std::string timingCacheFile;
  std::vector<Profile> profiles;
  /** Largest magnitude of tensors by name (implicit quantisation); empty = none. */
  std::map<std::string, float> dynamicRanges;
  bool stronglyTyped = true;
  bool fp16 = false;
  bool int8 = false;
  bool bf16 = false;
  bool fp8 = false;
  bool tf32 = true;
  bool sparseWeights = false;
  bool versionCompatible = false;
  bool hardwareCompatible = false;
  bool refit = false;
  bool stripPlan = false;
  bool detailedProfiling = false;
  /** 0 = TensorRT's own. */
  size_t workspaceBytes = 0;
  /** -1 = TensorRT's own. */
  int optimizationLevel = -1;
  int maxAuxStreams = -1;
  Severity logSeverity = Severity::Warning;
};

/** A plan in memory. */
class Plan {
 public:
  virtual ~Plan() = default;
  virtual const void* data() const = 0;
  virtual size_t size() const = 0;
  double parseSeconds = 0;
  double buildSeconds = 0;
  /** Each of TensorRT's warnings once. */
  std::vector<std::string> warnings;
};

/** IExecutionContext with one profile; not for two threads at once. False = TensorRT refused, see Backend::lastErrors.
 */
class ExecutionContext {
 public:
  virtual ~ExecutionContext() = default;
  virtual void setDeviceMemory(DevicePointer memory, size_t bytes) = 0;
  virtual bool setInputShape(const char* tensor, const int64_t* dimensions, int count) = 0;
  virtual bool setTensorAddress(const char* tensor, DevicePointer memory) = 0;
  virtual bool enqueue(CudaStreamHandle stream) = 0;
  /** From now on each enqueue waits for the GPU and tells the time of every layer. */
  virtual void reportLayers(std::function<void(const char* layer, float ms)> report) = 0;
};

/** ICudaEngine. */
class DeserializedEngine {
 public:
  virtual ~DeserializedEngine() = default;
  virtual std::vector<TensorFacts> tensors() const = 0;
  virtual std::vector<Profile> profiles() const = 0;
  /** Device memory that a context needs while it runs, for its largest shape. */
  virtual size_t activationBytes() const = 0;
  /** 0 where this TensorRT does not say. */
  virtual size_t weightBytes() const = 0;
  /**
   * IEngineInspector's JSON of all layers, in one call: asked layer by layer, each answer takes as long as all of them
   * where TensorRT has made one region of the network.
   */
  virtual std::string inspection() const = 0;
  /** nullptr = refused. `stream` must not be destroyed before the first enqueue. */
  virtual std::unique_ptr<ExecutionContext> createContext(int profile, CudaStreamHandle stream) = 0;
};

/** TensorRT of one major version. Its functions may be called from any thread, one at a time. */
class Backend {
 public:
  virtual ~Backend() = default;
  /** Version of the headers it was compiled with, e.g. "10.6.0". */
  virtual std::string headerVersion() const = 0;
  virtual void connect(const TensorrtLibraries& libraries) = 0;
  /** Name and version of each plugin creator. */
  virtual std::vector<std::pair<std::string, std::string>> plugins() = 0;
  /** `onLine` is called by TensorRT's threads, not all of them the caller's. Throws ERR_TENSORRT_BUILD. */
  virtual std::unique_ptr<Plan> build(const BuildOrder& order, const std::function<void(std::string)>& onLine) = 0;
  /** `weightsFile`: see EngineOptions. Throws ERR_TENSORRT_ENGINE. */
  virtual std::unique_ptr<DeserializedEngine> deserialize(const void* plan, size_t bytes,
                                                          const std::string& weightsFile) = 0;
  /** TensorRT's error lines since the last call, ": " before them; empty where it said nothing. */
  virtual std::string lastErrors() = 0;
};

/** nullptr where the addon was compiled without headers of that major. */
Backend* backendFor(int major);
/** Majors with a backend. */
std::vector<int> backendMajors();

}  // namespace loadrig

// The open libraries as a backend sees them: typed entry points, and what this version of TensorRT can do.
#pragma once

#include <dlfcn.h>

#include <string>

#include "../native-error.h"
#include "../tensorrt-libraries.h"
#include "logger.h"

namespace loadrig::LOADRIG_BACKEND {

struct Library {
  const TensorrtLibraries* files = nullptr;
  Logger logger;

  /** major * 100 + minor of the library; newer calls than it has would run past the end of its vtables. */
  int version() const { return files->major() * 100 + files->minor(); }

  /** Makes an IBuilder or IRuntime. The library's own version is named: whatever is newer in the headers is not called.
   */
  template <class T>
  T* create(const char* entryPoint) {
    using Create = void* (*)(void*, int32_t);
    return static_cast<T*>(find<Create>(files->infer, entryPoint)(&logger, files->version));
  }

  template <class Function>
  static Function find(void* library, const char* name) {
    void* address = dlsym(library, name);
    if (address == nullptr) {
      throw NativeError(ErrorCode::TensorrtLibrary, std::string("TensorRT has no function ") + name);
    }
    return reinterpret_cast<Function>(address);
  }
};

/** Registers the plugin library's creators, once; without the library there are only those of libnvinfer. */
void registerPlugins(Library& library);
std::unique_ptr<Plan> buildPlan(Library& library, const BuildOrder& order, const Logger::Sink& onLine);
std::unique_ptr<DeserializedEngine> deserializePlan(Library& library, const void* plan, size_t bytes,
                                                    const std::string& weightsFile);
/** Gives an engine the weights of an ONNX file, by name. */
void refit(Library& library, nvinfer1::ICudaEngine& engine, const std::string& weightsFile);

}  // namespace loadrig::LOADRIG_BACKEND

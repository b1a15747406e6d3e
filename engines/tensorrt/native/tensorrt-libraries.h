// libnvinfer, the ONNX parser and the plugin library, opened at run time, once per process.
#pragma once

#include <string>

namespace loadrig {

class Backend;

struct TensorrtLibraries {
  void* infer = nullptr;
  /** nullptr where it could not be opened; the problem then says why. */
  void* parser = nullptr;
  void* plugin = nullptr;
  std::string parserProblem;
  std::string pluginProblem;
  /** getInferLibVersion, e.g. 100600 or 8601. */
  int version = 0;
  std::string inferFile;
  std::string parserFile;
  std::string pluginFile;
  /** Beside libnvinfer; empty = there is none, and TensorRT cannot build. */
  std::string builderResourceFile;
  Backend* backend = nullptr;

  int major() const { return version >= 100000 ? version / 10000 : version / 1000; }
  int minor() const { return version >= 100000 ? version / 100 % 100 : version / 100 % 10; }
  /** e.g. "10.6.0" */
  std::string versionText() const;
};

/**
 * Opens the libraries of `folder` (empty: wherever the dynamic loader looks); major 0 = 11, 10, 8 in turn.
 * A second call hands out what is open, or throws ERR_STATE where it asks for something else.
 */
const TensorrtLibraries& loadTensorrt(const std::string& folder, int major);

/** What `loadTensorrt` opened; ERR_STATE before. */
const TensorrtLibraries& tensorrt();

/** Empty where the dynamic loader finds and opens a library by this name; else its own words. */
std::string whyNotLoadable(const std::string& library);

}  // namespace loadrig

// The plan of the fake TensorRT: lines of text that say what the network takes, closed by a line that a cut loses.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fake {

struct Range {
  std::vector<int64_t> min, opt, max;
};

/** Ranges of one optimisation profile by input. */
using Profile = std::map<std::string, Range>;

struct TensorInfo {
  std::string name;
  bool isInput;
  /** nvinfer1::DataType as a number. */
  int type;
  /** -1 = given at run time. */
  std::vector<int64_t> shape;
};

struct Plan {
  int version = 0;
  std::string gpu;
  int computeCapability = 0;
  bool isVersionCompatible = false;
  bool isHardwareCompatible = false;
  bool isDetailed = false;
  bool isRefittable = false;
  /** Without weights: it must be refitted before it runs. */
  bool isStripped = false;
  std::vector<TensorInfo> tensors;
  std::vector<Profile> profiles;
  /** Operators of the ONNX graph, in order: the layers of the engine. */
  std::vector<std::string> layers;
  /** Type of the weights as layer information names it. */
  std::string weightType;
};

std::string write(const Plan& plan);
/** False where the text does not end as a plan does. */
bool read(const std::string& text, Plan& plan);

/** What the fake takes of an ONNX file. */
struct OnnxGraph {
  std::vector<TensorInfo> tensors;
  std::vector<std::string> operators;
  /** Operators that only a plugin can be, with their plugin_version. */
  std::vector<std::pair<std::string, std::string>> plugins;
  std::vector<std::string> dataFiles;
  std::string weightType = "FP32";
};

/** False when the bytes are no ONNX model. */
bool readOnnx(const void* bytes, size_t size, OnnxGraph& graph);

}  // namespace fake

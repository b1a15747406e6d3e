// What the parts of the fake libnvinfer share.
//
// Environment:
//   FAKE_TENSORRT_VERSION    what getInferLibVersion answers, e.g. 100800; default: that of the headers
//   FAKE_TENSORRT_LOG        file that gets a line for each plan built and each plan opened
//   FAKE_TENSORRT_BUILD      "crash": the build ends the process; "fail": it is refused
//   FAKE_TENSORRT_RESOURCE   "sm90": the builder wants a resource of that architecture's own, as from 10.15 on
//   FAKE_TENSORRT_BUILD_MS   how long a build takes
//   FAKE_TENSORRT_MS         how long an inference takes
//   FAKE_TENSORRT_ANSWERS    file of logits to replay (answers.h); default: logits that tell their token, position and length
//   FAKE_TENSORRT_NAN        the first logit of every inference is not a number
#pragma once

#include <string>
#include <vector>

#include "stubs.h"

namespace fake {

int version();
/** e.g. "10.16.1" */
std::string versionText(int version);
/** A line for FAKE_TENSORRT_LOG. */
void note(const std::string& line);
void waitMs(const char* setting);

nvinfer1::ICudaEngine* openEngine(nvinfer1::ILogger* logger, const void* plan, size_t size);
/** nullptr where the plan was not built for it. */
nvinfer1::IRefitter* makeRefitter(nvinfer1::ICudaEngine& engine);
void giveWeights(nvinfer1::IRefitter& refitter);
nvinfer1::IBuilder* makeBuilder(nvinfer1::ILogger* logger);
nvinfer1::IHostMemory* hostMemory(std::string bytes);

/** The network as the parser fills it in; `network` comes from our builder. */
struct OnnxGraph;
OnnxGraph& graphOf(nvinfer1::INetworkDefinition& network);

inline void error(nvinfer1::ILogger* logger, const std::string& text) {
  logger->log(nvinfer1::ILogger::Severity::kERROR, text.c_str());
}

inline std::vector<int64_t> numbers(const nvinfer1::Dims& dims) { return {dims.d, dims.d + dims.nbDims}; }

inline nvinfer1::Dims dims(const std::vector<int64_t>& values) {
  nvinfer1::Dims result{};
  result.nbDims = static_cast<int32_t>(values.size());
  for (size_t i = 0; i < values.size(); i++) result.d[i] = values[i];
  return result;
}

}  // namespace fake

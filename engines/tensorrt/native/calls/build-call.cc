// build: TensorRT works on a thread of its own, so that its lines reach JavaScript while it works, whichever of its
// threads wrote them.

#include <signal.h>
#include <sys/prctl.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "../backend/backend.h"
#include "../cuda-resources.h"
#include "../file-io.h"
#include "../tensorrt-libraries.h"
#include "call.h"

namespace loadrig {

namespace {

Profile readProfile(const JsValue& value) {
  Profile profile;
  for (const JsValue& range : value.items()) {
    profile.push_back({range.at("tensor").text(), range.at("min").integers(), range.at("opt").integers(),
                       range.at("max").integers()});
  }
  return profile;
}

Severity readSeverity(const JsValue& value) {
  const std::string text = value.text();
  if (text == "error") return Severity::Error;
  if (text == "warning") return Severity::Warning;
  if (text == "info") return Severity::Info;
  if (text == "verbose") return Severity::Verbose;
  throw NativeError(ErrorCode::Argument, "log_severity must be error, warning, info or verbose, got " + text);
}

void readWeakTypes(const JsValue& value, BuildOrder& order) {
  for (const std::string& type : value.texts()) {
    if (type == "fp16")
      order.fp16 = true;
    else if (type == "int8")
      order.int8 = true;
    else if (type == "bf16")
      order.bf16 = true;
    else if (type == "fp8")
      order.fp8 = true;
    else
      throw NativeError(ErrorCode::Argument, "weak_types must be of fp16, int8, bf16 and fp8, got " + type);
  }
}

BuildOrder readOrder(const JsValue& request) {
  BuildOrder order;
  order.onnxFile = request.at("onnx_file").text();
  for (const JsValue& profile : request.at("profiles").items()) order.profiles.push_back(readProfile(profile));
  order.stronglyTyped = request.at("strongly_typed").flag();
  readWeakTypes(request.at("weak_types"), order);
  const JsValue ranges = request.at("dynamic_ranges");
  if (!ranges.isMissing()) {
    for (const std::string& tensor : ranges.keys()) {
      order.dynamicRanges[tensor] = static_cast<float>(ranges.at(tensor.c_str()).number());
    }
  }
  order.tf32 = request.at("tf32").flag();
  order.sparseWeights = request.at("sparse_weights").flag();
  order.versionCompatible = request.at("version_compatible").flag();
  order.hardwareCompatible = request.at("hardware_compatible").flag();
  order.refit = request.at("refit").flag();
  order.stripPlan = request.at("strip_plan").flag();
  order.detailedProfiling = request.at("detailed_profiling").flag();
  order.logSeverity = readSeverity(request.at("log_severity"));
  const JsValue workspace = request.at("workspace_bytes");
  if (!workspace.isMissing()) order.workspaceBytes = static_cast<size_t>(workspace.number());
  const JsValue level = request.at("optimization_level");
  if (!level.isMissing()) order.optimizationLevel = level.integer(0, 5);
  const JsValue auxiliary = request.at("max_aux_streams");
  if (!auxiliary.isMissing()) order.maxAuxStreams = auxiliary.integer(0, 1024);
  const JsValue cache = request.at("timing_cache_file");
  if (!cache.isMissing()) order.timingCacheFile = cache.text();
  return order;
}

/** Lines from TensorRT's threads to the one that may call JavaScript. */
class Lines {
 public:
  void add(std::string line) {
    const std::lock_guard<std::mutex> lock(mutex_);
    lines_.push_back(std::move(line));
    isThere_.notify_one();
  }
  void finish() {
    const std::lock_guard<std::mutex> lock(mutex_);
    isFinished_ = true;
    isThere_.notify_one();
  }
  /** Waits for a line; false = there will be none any more. */
  bool next(std::string& line) {
    std::unique_lock<std::mutex> lock(mutex_);
    isThere_.wait(lock, [this] { return isFinished_ || !lines_.empty(); });
    if (lines_.empty()) return false;
    line = std::move(lines_.front());
    lines_.pop_front();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable isThere_;
  std::deque<std::string> lines_;
  bool isFinished_ = false;
};

}  // namespace

napi_value callBuild(const Call& call) {
  const JsValue request = call.argument(0, "request");
  const BuildOrder order = readOrder(request);
  const std::string planFile = request.at("plan_file").text();
  const int device = request.at("device").integer(0, 1023);
  Backend& backend = *tensorrt().backend;
  // Killed without a chance to say so, the process that waits for the plan must not leave one behind that holds the GPU.
  prctl(PR_SET_PDEATHSIG, SIGKILL);

  Lines lines;
  std::unique_ptr<Plan> plan;
  std::exception_ptr problem;
  std::thread builder([&] {
    try {
      const CudaContext context(device, CudaContext::Wait::Default);
      plan = backend.build(order, [&lines](std::string line) { lines.add(std::move(line)); });
      writeFileAtomically(planFile, plan->data(), plan->size());
    } catch (...) {
      problem = std::current_exception();
    }
    lines.finish();
  });
  bool isListening = true;
  for (std::string line; lines.next(line);) {
    if (!isListening) continue;
    napi_value text = jsText(call.env, line);
    // A listener that throws hears no more; its error is thrown when the build is over.
    isListening = napi_call_function(call.env, jsUndefined(call.env), call.arguments[1], 1, &text, nullptr) == napi_ok;
  }
  builder.join();
  if (problem != nullptr) std::rethrow_exception(problem);
  return JsObject(call.env)
      .set("plan_bytes", static_cast<double>(plan->size()))
      .set("parse_s", plan->parseSeconds)
      .set("build_s", plan->buildSeconds)
      .set("warnings", jsTexts(call.env, plan->warnings))
      .value();
}

}  // namespace loadrig

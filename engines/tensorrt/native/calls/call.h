// One call from JavaScript, and the list of what JavaScript can call: engines/tensorrt/native.ts, function by function.
#pragma once

#include <node_api.h>

#include "../js-values.h"

namespace loadrig {

/** The environment (main thread or worker) that calls, and its arguments. */
struct Call {
  static constexpr size_t MAX_ARGUMENTS = 3;
  napi_env env;
  napi_value arguments[MAX_ARGUMENTS];

  JsValue argument(size_t index, const char* name) const { return JsValue(env, arguments[index], name); }
};

napi_value callBackends(const Call& call);
napi_value callLoad(const Call& call);
napi_value callDevices(const Call& call);
napi_value callPlugins(const Call& call);
napi_value callWhyNotLoadable(const Call& call);
napi_value callBuild(const Call& call);

napi_value callOpen(const Call& call);
napi_value callDescribe(const Call& call);
napi_value callInspect(const Call& call);
napi_value callSetSamples(const Call& call);
napi_value callWarmUp(const Call& call);
napi_value callRun(const Call& call);
napi_value callMeasure(const Call& call);
napi_value callProfileLayers(const Call& call);
napi_value callClose(const Call& call);

napi_value callStartPhase(const Call& call);
napi_value callWake(const Call& call);
napi_value callWaitCompleted(const Call& call);
napi_value callRunInCall(const Call& call);
napi_value callEndPhase(const Call& call);

napi_value callStartGpuSampling(const Call& call);
napi_value callStopGpuSampling(const Call& call);

}  // namespace loadrig

// The addon's door: its list of functions, and exceptions turned into JavaScript errors with a code.

#include <exception>

#include "calls/call.h"
#include "environment.h"

namespace loadrig {

namespace {

void throwToJavaScript(napi_env env, const char* code, const char* message) {
  bool isPending = false;
  napi_is_exception_pending(env, &isPending);
  if (!isPending) napi_throw_error(env, code, message);
}

template <napi_value (*function)(const Call&)>
napi_value enter(napi_env env, napi_callback_info info) {
  Call call{env, {}};
  size_t count = Call::MAX_ARGUMENTS;
  // Fills up with undefined where there are fewer.
  napi_get_cb_info(env, info, &count, call.arguments, nullptr, nullptr);
  try {
    return function(call);
  } catch (const NativeError& error) {
    throwToJavaScript(env, codeText(error.code), error.what());
  } catch (const std::exception& error) {
    throwToJavaScript(env, codeText(ErrorCode::State), error.what());
  }
  return nullptr;
}

struct Export {
  const char* name;
  napi_callback function;
};

constexpr Export EXPORTS[] = {
    {"backends", enter<callBackends>},
    {"load", enter<callLoad>},
    {"devices", enter<callDevices>},
    {"plugins", enter<callPlugins>},
    {"whyNotLoadable", enter<callWhyNotLoadable>},
    {"build", enter<callBuild>},
    {"open", enter<callOpen>},
    {"describe", enter<callDescribe>},
    {"inspect", enter<callInspect>},
    {"setSamples", enter<callSetSamples>},
    {"warmUp", enter<callWarmUp>},
    {"run", enter<callRun>},
    {"measure", enter<callMeasure>},
    {"profileLayers", enter<callProfileLayers>},
    {"close", enter<callClose>},
    {"startPhase", enter<callStartPhase>},
    {"wake", enter<callWake>},
    {"waitCompleted", enter<callWaitCompleted>},
    {"runInCall", enter<callRunInCall>},
    {"endPhase", enter<callEndPhase>},
    {"startGpuSampling", enter<callStartGpuSampling>},
    {"stopGpuSampling", enter<callStopGpuSampling>},
};

}  // namespace

}  // namespace loadrig

NAPI_MODULE_INIT() {
  loadrig::watchEnvironment(env);
  for (const auto& [name, function] : loadrig::EXPORTS) {
    napi_value value;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value) != napi_ok ||
        napi_set_named_property(env, exports, name, value) != napi_ok) {
      return nullptr;
    }
  }
  return exports;
}

// The fake libnvinfer_plugin: lists the attention plugin as TensorRT 10 and 11 do.
#include <initializer_list>

extern "C" void fakeTensorrtRegisterPlugin(const char* name, const char* version);

extern "C" __attribute__((visibility("default"))) bool initLibNvInferPlugins(void*, const char*) {
  static const bool isDone = [] {
    for (const char* version : {"1", "2", "3", "4", "5", "6"}) fakeTensorrtRegisterPlugin("CustomQKVToContextPluginDynamic", version);
    return true;
  }();
  return isDone;
}

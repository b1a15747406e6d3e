// backends, load, devices, plugins, whyNotLoadable.

#include "../backend/backend.h"
#include "../cuda-devices.h"
#include "../tensorrt-libraries.h"
#include "call.h"

namespace loadrig {

napi_value callBackends(const Call& call) {
  JsObject backends(call.env);
  for (const int major : backendMajors()) {
    backends.set(std::to_string(major).c_str(), backendFor(major)->headerVersion());
  }
  return backends.value();
}

napi_value callLoad(const Call& call) {
  const JsValue options = call.argument(0, "options");
  const JsValue folder = options.at("folder");
  const JsValue major = options.at("major");
  const TensorrtLibraries& libraries =
      loadTensorrt(folder.isMissing() ? "" : folder.text(), major.isMissing() ? 0 : major.count());
  return JsObject(call.env)
      .set("version", libraries.versionText())
      .set("major", libraries.major())
      .set("infer_file", libraries.inferFile)
      .set("parser_file", jsTextOrNull(call.env, libraries.parserFile))
      .set("plugin_file", jsTextOrNull(call.env, libraries.pluginFile))
      .set("builder_resource_file", jsTextOrNull(call.env, libraries.builderResourceFile))
      .value();
}

napi_value callDevices(const Call& call) {
  std::vector<napi_value> devices;
  for (const DeviceFacts& device : listDevices()) {
    devices.push_back(JsObject(call.env)
                          .set("index", device.index)
                          .set("name", device.name)
                          .set("compute_capability", device.computeCapability)
                          .set("total_memory_bytes", static_cast<double>(device.totalBytes))
                          .set("free_memory_bytes", static_cast<double>(device.freeBytes))
                          .set("multiprocessor_count", device.multiprocessors)
                          .set("pci_bus_id", device.pciBusId)
                          .set("numa_node", device.numaNode)
                          .set("cuda_driver_version", device.driverVersion)
                          .value());
  }
  return jsArray(call.env, devices);
}

napi_value callPlugins(const Call& call) {
  std::vector<napi_value> plugins;
  for (const auto& [name, version] : tensorrt().backend->plugins()) {
    plugins.push_back(JsObject(call.env).set("name", name).set("version", version).value());
  }
  return jsArray(call.env, plugins);
}

napi_value callWhyNotLoadable(const Call& call) {
  return jsTextOrNull(call.env, whyNotLoadable(call.argument(0, "library").text()));
}

}  // namespace loadrig

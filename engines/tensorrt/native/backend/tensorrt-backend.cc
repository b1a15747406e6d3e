// One major version of TensorRT behind the Backend interface; lists plugins.

#include <mutex>

#include "library.h"

namespace loadrig {

namespace LOADRIG_BACKEND {

void registerPlugins(Library& library) {
  static std::once_flag once;
  std::call_once(once, [&library] {
    if (library.files->plugin == nullptr) return;
    using Init = bool (*)(void*, const char*);
    if (!Library::find<Init>(library.files->plugin, "initLibNvInferPlugins")(&library.logger, "")) {
      throw NativeError(ErrorCode::TensorrtLibrary, "initLibNvInferPlugins failed" + library.logger.takeErrors());
    }
  });
}

namespace {

using NamedPlugin = std::pair<std::string, std::string>;

template <class Creator>
NamedPlugin nameOf(Creator& creator) {
  return {creator.getPluginName(), creator.getPluginVersion()};
}

#if LOADRIG_HEADERS >= 1000
std::vector<NamedPlugin> listPlugins(nvinfer1::IPluginRegistry& registry) {
  int32_t count = 0;
  auto* const* creators = registry.getAllCreators(&count);
  std::vector<NamedPlugin> plugins;
  for (int32_t i = 0; i < count; i++) {
    const std::string kind = creators[i]->getInterfaceInfo().kind;
    if (kind == "PLUGIN CREATOR_V1") plugins.push_back(nameOf(*static_cast<nvinfer1::IPluginCreator*>(creators[i])));
    if (kind == "PLUGIN CREATOR_V3ONE") {
      plugins.push_back(nameOf(*static_cast<nvinfer1::IPluginCreatorV3One*>(creators[i])));
    }
  }
  return plugins;
}
#else
std::vector<NamedPlugin> listPlugins(nvinfer1::IPluginRegistry& registry) {
  int32_t count = 0;
  auto* const* creators = registry.getPluginCreatorList(&count);
  std::vector<NamedPlugin> plugins;
  for (int32_t i = 0; i < count; i++) plugins.push_back(nameOf(*creators[i]));
  return plugins;
}
#endif

class TensorrtBackend final : public Backend {
 public:
  std::string headerVersion() const override {
    return std::to_string(NV_TENSORRT_MAJOR) + "." + std::to_string(NV_TENSORRT_MINOR) + "." +
           std::to_string(NV_TENSORRT_PATCH);
  }

  void connect(const TensorrtLibraries& libraries) override { library_.files = &libraries; }

  std::vector<NamedPlugin> plugins() override {
    registerPlugins(library_);
    using GetRegistry = nvinfer1::IPluginRegistry* (*)();
    auto* registry = Library::find<GetRegistry>(library_.files->infer, "getPluginRegistry")();
    auto plugins = listPlugins(*registry);
    std::sort(plugins.begin(), plugins.end());
    return plugins;
  }

  std::unique_ptr<Plan> build(const BuildOrder& order, const std::function<void(std::string)>& onLine) override {
    return buildPlan(library_, order, onLine);
  }

  std::unique_ptr<DeserializedEngine> deserialize(const void* plan, size_t bytes,
                                                  const std::string& weightsFile) override {
    return deserializePlan(library_, plan, bytes, weightsFile);
  }

  std::string lastErrors() override { return library_.logger.takeErrors(); }

 private:
  Library library_;
};

}  // namespace

}  // namespace LOADRIG_BACKEND

Backend* LOADRIG_JOIN(backendOfMajor, LOADRIG_MAJOR)();
Backend* LOADRIG_JOIN(backendOfMajor, LOADRIG_MAJOR)() {
  // Lives as long as the process: TensorRT keeps the address of the logger.
  static auto* backend = new LOADRIG_BACKEND::TensorrtBackend;
  return backend;
}

}  // namespace loadrig

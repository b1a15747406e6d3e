// Finds and opens TensorRT's libraries. Asking for their version needs no GPU and no CUDA.

#include "tensorrt-libraries.h"

#include <dirent.h>
#include <dlfcn.h>
#include <link.h>

#include <memory>
#include <mutex>
#include <vector>

#include "backend/backend.h"
#include "native-error.h"

namespace loadrig {

namespace {

std::mutex mutex;
std::unique_ptr<TensorrtLibraries> loaded;
std::string loadedFolder;

std::string pathOf(void* library) {
  link_map* map = nullptr;
  if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return "";
  return map->l_name;
}

std::string folderOf(const std::string& file) {
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash);
}

std::string inFolder(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

std::string findBuilderResource(const std::string& folder) {
  std::string found;
  DIR* listing = opendir(folder.c_str());
  if (listing == nullptr) return found;
  while (const dirent* entry = readdir(listing)) {
    const std::string name = entry->d_name;
    // Several where its kernels are split by architecture; the first by name stands for them.
    if (name.rfind("libnvinfer_builder_resource", 0) == 0 && (found.empty() || name < found)) found = name;
  }
  closedir(listing);
  return found.empty() ? found : folder + "/" + found;
}

void* open(const std::string& file, std::string& problem) {
  // Global: the parser and the plugin library take their symbols from libnvinfer.
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) problem = dlerror();
  return library;
}

void openCompanions(TensorrtLibraries& libraries, const std::string& folder, const std::string& suffix) {
  // The parser of 8.6 wants the plugin library, so that comes first.
  libraries.plugin = open(inFolder(folder, "libnvinfer_plugin" + suffix), libraries.pluginProblem);
  libraries.parser = open(inFolder(folder, "libnvonnxparser" + suffix), libraries.parserProblem);
  if (libraries.plugin != nullptr) libraries.pluginFile = pathOf(libraries.plugin);
  if (libraries.parser != nullptr) libraries.parserFile = pathOf(libraries.parser);
  libraries.builderResourceFile = findBuilderResource(folderOf(libraries.inferFile));
}

[[noreturn]] void throwNotFound(const std::string& folder, const std::string& tried) {
  throw NativeError(ErrorCode::TensorrtLibrary,
                    "TensorRT was not found" + (folder.empty() ? "" : " in " + folder) +
                        ". Install TensorRT 8.5, 8.6, 10 or 11, or name the folder of its libraries. Tried:" + tried);
}

[[noreturn]] void throwNoBackend(const TensorrtLibraries& libraries) {
  const int major = libraries.major();
  const bool isKnown = major == 8 || major == 10 || major == 11;
  throw NativeError(ErrorCode::TensorrtVersion,
                    libraries.inferFile + " is TensorRT " + libraries.versionText() +
                        (isKnown ? ", and the addon was compiled without the headers of major " + std::to_string(major)
                                 : ", which is none of the supported 8.5, 8.6, 10 and 11"));
}

std::unique_ptr<TensorrtLibraries> openLibraries(const std::string& folder, int wantedMajor) {
  std::string tried;
  for (const int major : {11, 10, 8}) {
    if (wantedMajor != 0 && wantedMajor != major) continue;
    const std::string suffix = ".so." + std::to_string(major);
    std::string problem;
    auto libraries = std::make_unique<TensorrtLibraries>();
    libraries->infer = open(inFolder(folder, "libnvinfer" + suffix), problem);
    if (libraries->infer == nullptr) {
      tried += "\n  " + problem;
      continue;
    }
    libraries->inferFile = pathOf(libraries->infer);
    const auto getVersion = reinterpret_cast<int32_t (*)()>(dlsym(libraries->infer, "getInferLibVersion"));
    if (getVersion == nullptr) {
      tried += "\n  " + libraries->inferFile + ": it has no getInferLibVersion";
      continue;
    }
    libraries->version = getVersion();
    libraries->backend = backendFor(libraries->major());
    if (libraries->backend == nullptr) throwNoBackend(*libraries);
    openCompanions(*libraries, folder, suffix);
    return libraries;
  }
  throwNotFound(folder,
                tried.empty() ? "\n  no library of major " + std::to_string(wantedMajor) + " is supported" : tried);
}

}  // namespace

std::string TensorrtLibraries::versionText() const {
  return std::to_string(major()) + "." + std::to_string(minor()) + "." + std::to_string(version % 100);
}

const TensorrtLibraries& loadTensorrt(const std::string& folder, int major) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (loaded == nullptr) {
    auto libraries = openLibraries(folder, major);
    libraries->backend->connect(*libraries);
    loaded = std::move(libraries);
    loadedFolder = folder;
  } else if ((major != 0 && major != loaded->major()) || (!folder.empty() && folder != loadedFolder)) {
    throw NativeError(ErrorCode::State, "TensorRT " + loaded->versionText() + " of " + loaded->inferFile +
                                            " is open already; one process takes one TensorRT");
  }
  return *loaded;
}

const TensorrtLibraries& tensorrt() {
  const std::lock_guard<std::mutex> lock(mutex);
  if (loaded == nullptr) throw NativeError(ErrorCode::State, "call load() first");
  return *loaded;
}

std::string whyNotLoadable(const std::string& library) {
  void* opened = dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (opened == nullptr) return dlerror();
  dlclose(opened);
  return "";
}

}  // namespace loadrig

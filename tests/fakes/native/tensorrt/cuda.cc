#include "cuda.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace fake {
namespace {

Cuda open() {
  void* library = dlopen("libcuda.so.1", RTLD_NOW);
  const auto find = [library](auto& function, const char* name) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(library == nullptr ? nullptr : dlsym(library, name));
    if (function != nullptr) return;
    std::fprintf(stderr, "CUDA initialization failure with error: 35\n");
    std::abort();
  };
  Cuda cuda;
  find(cuda.deviceGetCount, "cuDeviceGetCount");
  find(cuda.ctxGetDevice, "cuCtxGetDevice");
  find(cuda.deviceGetName, "cuDeviceGetName");
  find(cuda.deviceGetAttribute, "cuDeviceGetAttribute");
  find(cuda.memAlloc, "cuMemAlloc_v2");
  find(cuda.memFree, "cuMemFree_v2");
  find(cuda.launchHostFunc, "cuLaunchHostFunc");
  find(cuda.eventRecord, "cuEventRecord");
  find(cuda.streamIsCapturing, "cuStreamIsCapturing");
  find(cuda.deviceMemory, "fakeCudaDeviceMemory");
  int count = 0;
  if (cuda.deviceGetCount(&count) == 0) return cuda;
  std::fprintf(stderr, "CUDA initialization failure with error: 3\n");
  std::abort();
}

}  // namespace

const Cuda& cuda() {
  static const Cuda instance = open();
  return instance;
}

int currentDevice() {
  int device = -1;
  return cuda().ctxGetDevice(&device) == 0 ? device : -1;
}

std::string gpuName(int device) {
  char name[128] = "";
  cuda().deviceGetName(name, sizeof name, device);
  return name;
}

int computeCapability(int device) {
  int major = 0, minor = 0;
  cuda().deviceGetAttribute(&major, 75, device);
  cuda().deviceGetAttribute(&minor, 76, device);
  return major * 10 + minor;
}

Memory::Memory(size_t bytes) {
  if (cuda().memAlloc(&pointer_, bytes) != 0) pointer_ = 0;
}

Memory::~Memory() {
  if (pointer_ != 0) cuda().memFree(pointer_);
}

}  // namespace fake

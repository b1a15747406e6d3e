// The CUDA driver API, opened at run time: no CUDA header, no link-time dependency, and a machine without a driver gets
// a sentence instead of a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "native-error.h"

struct CUstream_st;
struct CUevent_st;
struct CUctx_st;
struct CUgraph_st;
struct CUgraphExec_st;

namespace loadrig {

using CudaStreamHandle = CUstream_st*;
using CudaEventHandle = CUevent_st*;
using CudaContextHandle = CUctx_st*;
using CudaGraphHandle = CUgraph_st*;
using CudaGraphExecHandle = CUgraphExec_st*;
using DevicePointer = unsigned long long;
using CudaDevice = int;

/** Values of CUresult that are told apart. */
constexpr int CUDA_ERROR_OUT_OF_MEMORY = 2;
constexpr int CUDA_ERROR_NOT_READY = 600;

/** Throws ERR_CUDA, or ERR_CUDA_MEMORY with what is free, for a result that is not success. */
[[noreturn]] void throwCuda(const char* function, int result);

/** One function of libcuda. Called, it throws what failed; `attempt` hands the result back instead. */
template <class... Args>
struct CudaFunction {
  explicit CudaFunction(const char* name) : name(name) {}
  void operator()(Args... args) const {
    const int result = address(args...);
    if (result != 0) throwCuda(name, result);
  }
  int attempt(Args... args) const { return address(args...); }

  const char* name;
  int (*address)(Args...) = nullptr;
};

// clang-format off
// member, exported symbol (with the suffix that cuda.h hides behind macros), argument types
#define LOADRIG_CUDA_FUNCTIONS(X)                                                                      \
  X(init, "cuInit", unsigned)                                                                          \
  X(driverGetVersion, "cuDriverGetVersion", int*)                                                      \
  X(getErrorName, "cuGetErrorName", int, const char**)                                                 \
  X(getErrorString, "cuGetErrorString", int, const char**)                                             \
  X(deviceGetCount, "cuDeviceGetCount", int*)                                                          \
  X(deviceGet, "cuDeviceGet", CudaDevice*, int)                                                        \
  X(deviceGetName, "cuDeviceGetName", char*, int, CudaDevice)                                          \
  X(deviceGetAttribute, "cuDeviceGetAttribute", int*, int, CudaDevice)                                 \
  X(deviceTotalMem, "cuDeviceTotalMem_v2", size_t*, CudaDevice)                                        \
  X(deviceGetPciBusId, "cuDeviceGetPCIBusId", char*, int, CudaDevice)                                  \
  X(primaryCtxRetain, "cuDevicePrimaryCtxRetain", CudaContextHandle*, CudaDevice)                      \
  X(primaryCtxRelease, "cuDevicePrimaryCtxRelease_v2", CudaDevice)                                     \
  X(primaryCtxSetFlags, "cuDevicePrimaryCtxSetFlags_v2", CudaDevice, unsigned)                         \
  X(ctxSetCurrent, "cuCtxSetCurrent", CudaContextHandle)                                               \
  X(memGetInfo, "cuMemGetInfo_v2", size_t*, size_t*)                                                   \
  X(memAlloc, "cuMemAlloc_v2", DevicePointer*, size_t)                                                 \
  X(memFree, "cuMemFree_v2", DevicePointer)                                                            \
  X(memHostAlloc, "cuMemHostAlloc", void**, size_t, unsigned)                                          \
  X(memFreeHost, "cuMemFreeHost", void*)                                                               \
  X(memcpyHtoDAsync, "cuMemcpyHtoDAsync_v2", DevicePointer, const void*, size_t, CudaStreamHandle)     \
  X(memcpyDtoHAsync, "cuMemcpyDtoHAsync_v2", void*, DevicePointer, size_t, CudaStreamHandle)           \
  X(memcpyDtoDAsync, "cuMemcpyDtoDAsync_v2", DevicePointer, DevicePointer, size_t, CudaStreamHandle)   \
  X(memsetD32Async, "cuMemsetD32Async", DevicePointer, unsigned, size_t, CudaStreamHandle)             \
  X(streamCreate, "cuStreamCreateWithPriority", CudaStreamHandle*, unsigned, int)                      \
  X(streamDestroy, "cuStreamDestroy_v2", CudaStreamHandle)                                             \
  X(streamSynchronize, "cuStreamSynchronize", CudaStreamHandle)                                        \
  X(streamWaitEvent, "cuStreamWaitEvent", CudaStreamHandle, CudaEventHandle, unsigned)                 \
  X(streamBeginCapture, "cuStreamBeginCapture_v2", CudaStreamHandle, int)                              \
  X(streamEndCapture, "cuStreamEndCapture", CudaStreamHandle, CudaGraphHandle*)                        \
  X(eventCreate, "cuEventCreate", CudaEventHandle*, unsigned)                                          \
  X(eventDestroy, "cuEventDestroy_v2", CudaEventHandle)                                                \
  X(eventRecord, "cuEventRecord", CudaEventHandle, CudaStreamHandle)                                   \
  X(eventQuery, "cuEventQuery", CudaEventHandle)                                                       \
  X(eventSynchronize, "cuEventSynchronize", CudaEventHandle)                                           \
  X(eventElapsedTime, "cuEventElapsedTime", float*, CudaEventHandle, CudaEventHandle)                  \
  X(graphInstantiate, "cuGraphInstantiateWithFlags", CudaGraphExecHandle*, CudaGraphHandle, unsigned long long) \
  X(graphUpload, "cuGraphUpload", CudaGraphExecHandle, CudaStreamHandle)                               \
  X(graphLaunch, "cuGraphLaunch", CudaGraphExecHandle, CudaStreamHandle)                               \
  X(graphDestroy, "cuGraphDestroy", CudaGraphHandle)                                                   \
  X(graphExecDestroy, "cuGraphExecDestroy", CudaGraphExecHandle)
// clang-format on

struct CudaDriver {
#define LOADRIG_CUDA_MEMBER(member, symbol, ...) CudaFunction<__VA_ARGS__> member{symbol};
  LOADRIG_CUDA_FUNCTIONS(LOADRIG_CUDA_MEMBER)
#undef LOADRIG_CUDA_MEMBER
};

/**
 * The driver, opened and initialised (cuInit) by the first call. TensorRT must not be asked for a builder or a runtime
 * before: without a driver it crashes or ends the process.
 *
 * Throws ERR_CUDA_LIBRARY or ERR_CUDA_DEVICE, and tries again in the next call.
 */
const CudaDriver& cuda();

/** e.g. "CUDA_ERROR_LAUNCH_FAILED (719): unspecified launch failure". */
std::string cudaErrorText(int result);

/** ". The GPU's own error: CUDA_ERROR_ILLEGAL_ADDRESS (700) …", which every call returns once there is one; empty without. */
std::string standingErrorText();

/** ". Free on this GPU: 1.2 GB of 80.0 GB"; empty where it cannot be told, as before there is a context. */
std::string freeMemoryText();

}  // namespace loadrig

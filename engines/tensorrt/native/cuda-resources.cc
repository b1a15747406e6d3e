// Makes and gives back CUDA's things. Giving back never throws: at that point a failure has been told already.

#include "cuda-resources.h"

#include <string>

namespace loadrig {

namespace {

// CUctx_flags, CUstream_flags, CUevent_flags
constexpr unsigned CTX_SCHED_SPIN = 1;
constexpr unsigned CTX_SCHED_BLOCKING_SYNC = 4;
constexpr unsigned STREAM_NON_BLOCKING = 1;
constexpr unsigned EVENT_BLOCKING_SYNC = 1;
constexpr unsigned EVENT_DISABLE_TIMING = 2;

unsigned eventFlags(CudaEvent::Kind kind) {
  if (kind == CudaEvent::Kind::Timing) return 0;
  return kind == CudaEvent::Kind::Blocking ? EVENT_DISABLE_TIMING | EVENT_BLOCKING_SYNC : EVENT_DISABLE_TIMING;
}

std::string megabytes(size_t bytes) {
  return std::to_string((bytes + 999'999) / 1'000'000) + " MB";
}

/** `attempt` of an allocation; adds what it was for to a lack of memory. */
void allocate(const char* purpose, size_t bytes, const char* function, int result) {
  if (result == 0) return;
  try {
    throwCuda(function, result);
  } catch (const NativeError& error) {
    if (error.code != ErrorCode::CudaMemory) throw;
    throw NativeError(ErrorCode::CudaMemory, std::string(purpose) + " need " + megabytes(bytes) + ": " + error.what() +
                                                 ". A smaller batch or fewer streams need less.");
  }
}

}  // namespace

CudaContext::CudaContext(int deviceIndex, Wait wait) {
  const int found = cuda().deviceGet.attempt(&device_, deviceIndex);
  if (found != 0) {
    throw NativeError(ErrorCode::CudaDevice,
                      "no CUDA device " + std::to_string(deviceIndex) + ": " + cudaErrorText(found));
  }
  if (wait != Wait::Default) {
    // Refused by older drivers while the context is in use; the way of waiting then stays what it was.
    cuda().primaryCtxSetFlags.attempt(device_, wait == Wait::Spin ? CTX_SCHED_SPIN : CTX_SCHED_BLOCKING_SYNC);
  }
  cuda().primaryCtxRetain(&handle_, device_);
  makeCurrent();
}

CudaContext::~CudaContext() {
  cuda().primaryCtxRelease.attempt(device_);
}

CudaStream::CudaStream() {
  cuda().streamCreate(&handle_, STREAM_NON_BLOCKING, 0);
}
CudaStream::~CudaStream() {
  if (handle_ != nullptr) cuda().streamDestroy.attempt(handle_);
}

CudaEvent::CudaEvent(Kind kind) {
  cuda().eventCreate(&handle_, eventFlags(kind));
}
CudaEvent::~CudaEvent() {
  if (handle_ != nullptr) cuda().eventDestroy.attempt(handle_);
}

void CudaEvent::spin() const {
  for (;;) {
    const int result = cuda().eventQuery.attempt(handle_);
    if (result == 0) return;
    if (result != CUDA_ERROR_NOT_READY) throwCuda(cuda().eventQuery.name, result);
  }
}

double CudaEvent::msSince(const CudaEvent& start) const {
  float ms = 0;
  cuda().eventElapsedTime(&ms, start.handle_, handle_);
  return ms;
}

DeviceMemory::DeviceMemory(size_t bytes, const char* purpose) {
  if (bytes > 0) allocate(purpose, bytes, cuda().memAlloc.name, cuda().memAlloc.attempt(&handle_, bytes));
}
DeviceMemory::~DeviceMemory() {
  if (handle_ != 0) cuda().memFree.attempt(handle_);
}

PinnedMemory::PinnedMemory(size_t bytes, const char* purpose) {
  if (bytes > 0) allocate(purpose, bytes, cuda().memHostAlloc.name, cuda().memHostAlloc.attempt(&handle_, bytes, 0));
}
PinnedMemory::~PinnedMemory() {
  if (handle_ != nullptr) cuda().memFreeHost.attempt(handle_);
}

CudaGraph::CudaGraph(CudaGraphHandle captured) {
  const int result = cuda().graphInstantiate.attempt(&handle_, captured, 0);
  cuda().graphDestroy.attempt(captured);
  allocate("the CUDA graphs", 0, cuda().graphInstantiate.name, result);
}
CudaGraph::~CudaGraph() {
  if (handle_ != nullptr) cuda().graphExecDestroy.attempt(handle_);
}

}  // namespace loadrig

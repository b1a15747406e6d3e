// Things of CUDA that must be given back, each owned by one object. They are destroyed with their context current.
#pragma once

#include <utility>

#include "cuda-driver.h"

namespace loadrig {

/** A device's primary context (the one TensorRT uses as well), current in the thread that makes it. */
class CudaContext {
 public:
  /** How a thread waits for the GPU. */
  enum class Wait { Default, Spin, Block };

  CudaContext(int deviceIndex, Wait wait);
  ~CudaContext();
  CudaContext(const CudaContext&) = delete;
  CudaContext& operator=(const CudaContext&) = delete;

  /** Every thread that calls CUDA or TensorRT does this first. */
  void makeCurrent() const { cuda().ctxSetCurrent(handle_); }
  CudaContextHandle get() const { return handle_; }

 private:
  CudaDevice device_ = 0;
  CudaContextHandle handle_ = nullptr;
};

/** A handle with one owner; what is moved from owns nothing, or what the other owned. */
template <class Handle>
class Owned {
 public:
  Owned() = default;
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, Handle{})) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Handle get() const { return handle_; }

 protected:
  Handle handle_{};
};

class CudaStream : public Owned<CudaStreamHandle> {
 public:
  CudaStream();
  CudaStream(CudaStream&&) = default;
  ~CudaStream();
  void synchronize() const { cuda().streamSynchronize(handle_); }
  /** Work issued from now on waits for the event. */
  void waitFor(CudaEventHandle event) const { cuda().streamWaitEvent(handle_, event, 0); }
};

class CudaEvent : public Owned<CudaEventHandle> {
 public:
  /** Timing costs; Blocking: the waiting thread sleeps. */
  enum class Kind { Spinning, Blocking, Timing };
  explicit CudaEvent(Kind kind);
  CudaEvent(CudaEvent&&) = default;
  ~CudaEvent();
  void record(const CudaStream& stream) const { cuda().eventRecord(handle_, stream.get()); }
  void wait() const { cuda().eventSynchronize(handle_); }
  /** Polls instead of asking the driver to wait: the least delay. */
  void spin() const;
  /** Milliseconds from `start` to this event, both of kind Timing and reached. */
  double msSince(const CudaEvent& start) const;
};

class DeviceMemory : public Owned<DevicePointer> {
 public:
  DeviceMemory() = default;
  /** Throws ERR_CUDA_MEMORY: `purpose`, what was asked for and what is free. */
  DeviceMemory(size_t bytes, const char* purpose);
  DeviceMemory(DeviceMemory&&) = default;
  DeviceMemory& operator=(DeviceMemory&&) = default;
  ~DeviceMemory();
};

/** Page-locked memory of the host. */
class PinnedMemory : public Owned<void*> {
 public:
  PinnedMemory() = default;
  PinnedMemory(size_t bytes, const char* purpose);
  PinnedMemory(PinnedMemory&&) = default;
  PinnedMemory& operator=(PinnedMemory&&) = default;
  ~PinnedMemory();
};

/** An instantiated graph. */
class CudaGraph : public Owned<CudaGraphExecHandle> {
 public:
  CudaGraph() = default;
  explicit CudaGraph(CudaGraphHandle captured);
  CudaGraph(CudaGraph&&) = default;
  CudaGraph& operator=(CudaGraph&&) = default;
  ~CudaGraph();
  void launch(const CudaStream& stream) const { cuda().graphLaunch(handle_, stream.get()); }
};

}  // namespace loadrig

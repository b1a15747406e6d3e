// The CUDA calls that the fake TensorRT makes, from the libcuda that the process has opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace fake {

struct Cuda {
  int (*deviceGetCount)(int*);
  int (*ctxGetDevice)(int*);
  int (*deviceGetName)(char*, int, int);
  int (*deviceGetAttribute)(int*, int, int);
  int (*memAlloc)(uint64_t*, size_t);
  int (*memFree)(uint64_t);
  int (*launchHostFunc)(void*, void (*)(void*), void*);
  int (*eventRecord)(void*, void*);
  int (*streamIsCapturing)(void*, int*);
  void* (*deviceMemory)(uint64_t, size_t);
};

/** Ends the program, as TensorRT does, where cuInit has not been called before. */
const Cuda& cuda();

/** Device of the calling thread's context; -1 without one. */
int currentDevice();
std::string gpuName(int device);
/** e.g. 90 */
int computeCapability(int device);

/** Device memory for as long as the object lives; 0 when there was not enough. */
class Memory {
 public:
  explicit Memory(size_t bytes);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  bool isThere() const { return pointer_ != 0; }

 private:
  uint64_t pointer_ = 0;
};

}  // namespace fake

// The one kind of exception in the addon: a code of engines/tensorrt/native.ts and a sentence for a person.
#pragma once

#include <stdexcept>
#include <string>

namespace loadrig {

enum class ErrorCode {
  TensorrtLibrary,
  TensorrtVersion,
  CudaLibrary,
  CudaDevice,
  Cuda,
  CudaMemory,
  TensorrtBuild,
  TensorrtEngine,
  Nvml,
  Argument,
  State,
};

class NativeError : public std::runtime_error {
 public:
  NativeError(ErrorCode code, const std::string& message) : std::runtime_error(message), code(code) {}
  const ErrorCode code;
};

/** Spelled as in native.ts. */
inline const char* codeText(ErrorCode code) {
  switch (code) {
    case ErrorCode::TensorrtLibrary:
      return "ERR_TENSORRT_LIBRARY";
    case ErrorCode::TensorrtVersion:
      return "ERR_TENSORRT_VERSION";
    case ErrorCode::CudaLibrary:
      return "ERR_CUDA_LIBRARY";
    case ErrorCode::CudaDevice:
      return "ERR_CUDA_DEVICE";
    case ErrorCode::Cuda:
      return "ERR_CUDA";
    case ErrorCode::CudaMemory:
      return "ERR_CUDA_MEMORY";
    case ErrorCode::TensorrtBuild:
      return "ERR_TENSORRT_BUILD";
    case ErrorCode::TensorrtEngine:
      return "ERR_TENSORRT_ENGINE";
    case ErrorCode::Nvml:
      return "ERR_NVML";
    case ErrorCode::Argument:
      return "ERR_ARGUMENT";
    case ErrorCode::State:
      return "ERR_STATE";
  }
  return "ERR_STATE";
}

}  // namespace loadrig

// The fake libnvinfer as one unit: TensorRT's headers are read once, which halves the time to compile it.
#include "answers.cc"
#include "builder.cc"
#include "cuda.cc"
#include "engine.cc"
#include "inference.cc"
#include "library.cc"
#include "onnx.cc"
#include "plan.cc"

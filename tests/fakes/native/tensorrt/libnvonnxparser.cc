// The fake libnvonnxparser as one unit.
#include "onnx.cc"
#include "parser.cc"
#include "plan.cc"

// TensorRT's headers, in namespaces of their own per major version, so that several backends can be linked into one
// file. Compiled once for each major with LOADRIG_MAJOR set.
#pragma once

#define LOADRIG_JOIN_(a, b) a##b
#define LOADRIG_JOIN(a, b) LOADRIG_JOIN_(a, b)
#define nvinfer1 LOADRIG_JOIN(nvinfer1_of_major, LOADRIG_MAJOR)
#define nvonnxparser LOADRIG_JOIN(nvonnxparser_of_major, LOADRIG_MAJOR)
/** Namespace of everything of ours that is compiled more than once. */
#define LOADRIG_BACKEND LOADRIG_JOIN(backend_of_major, LOADRIG_MAJOR)

#include <NvInfer.h>
#include <NvOnnxParser.h>

/** Version of the headers as major * 100 + minor: 806, 1006, 1101. */
#define LOADRIG_HEADERS (NV_TENSORRT_MAJOR * 100 + NV_TENSORRT_MINOR)

static_assert(NV_TENSORRT_MAJOR == LOADRIG_MAJOR, "the headers are of another major version of TensorRT");

// The two names that TensorRT's public headers take from the CUDA runtime. With them no CUDA toolkit is needed to
// compile: a runtime stream is the same handle as a driver stream.
#pragma once

typedef struct CUstream_st* cudaStream_t;
typedef struct CUevent_st* cudaEvent_t;

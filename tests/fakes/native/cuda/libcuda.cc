// The fake libcuda as one unit.
#include "devices.cc"
#include "graphs.cc"
#include "memory.cc"
#include "state.cc"
#include "streams.cc"

// Device memory as the fake TensorRT reads it.
#pragma once

#include "state.h"

namespace fake {

/** The host's address of device memory; null where the range does not lie in one allocation. */
void* deviceMemory(uint64_t pointer, size_t bytes);

}  // namespace fake

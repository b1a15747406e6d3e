// The backends that this addon was compiled with: one for each major version whose headers were found.

#include "backend.h"

namespace loadrig {

#ifdef LOADRIG_TENSORRT_8
Backend* backendOfMajor8();
#endif
#ifdef LOADRIG_TENSORRT_10
Backend* backendOfMajor10();
#endif
#ifdef LOADRIG_TENSORRT_11
Backend* backendOfMajor11();
#endif

Backend* backendFor([[maybe_unused]] int major) {
#ifdef LOADRIG_TENSORRT_8
  if (major == 8) return backendOfMajor8();
#endif
#ifdef LOADRIG_TENSORRT_10
  if (major == 10) return backendOfMajor10();
#endif
#ifdef LOADRIG_TENSORRT_11
  if (major == 11) return backendOfMajor11();
#endif
  return nullptr;
}

std::vector<int> backendMajors() {
  std::vector<int> majors;
  for (const int major : {8, 10, 11}) {
    if (backendFor(major) != nullptr) majors.push_back(major);
  }
  return majors;
}

}  // namespace loadrig

// Whole files: read, and written so that nobody ever sees half of one.
#pragma once

#include <string>

namespace loadrig {

/** Empty where there is no such file. */
std::string readFileIfThere(const std::string& file);
/** To a temporary name beside it, then renamed. Throws ERR_ARGUMENT: the path and the system's words. */
void writeFileAtomically(const std::string& file, const void* data, size_t bytes);

}  // namespace loadrig

// Reads and writes whole files.

#include "file-io.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "native-error.h"

namespace loadrig {

std::string readFileIfThere(const std::string& file) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  const std::streamoff bytes = stream ? static_cast<std::streamoff>(stream.tellg()) : 0;
  if (bytes <= 0) return "";
  std::string content(static_cast<size_t>(bytes), '\0');
  stream.seekg(0);
  stream.read(content.data(), bytes);
  return stream ? content : "";
}

void writeFileAtomically(const std::string& file, const void* data, size_t bytes) {
  const std::string temporary = file + "." + std::to_string(getpid()) + ".tmp";
  FILE* stream = fopen(temporary.c_str(), "wb");
  bool isWritten = stream != nullptr;
  if (stream != nullptr) {
    isWritten = fwrite(data, 1, bytes, stream) == bytes && fflush(stream) == 0 && fsync(fileno(stream)) == 0;
    isWritten = fclose(stream) == 0 && isWritten;
  }
  if (isWritten && rename(temporary.c_str(), file.c_str()) == 0) return;
  const std::string problem = strerror(errno);
  unlink(temporary.c_str());
  throw NativeError(ErrorCode::Argument, "cannot write " + file + ": " + problem);
}

}  // namespace loadrig

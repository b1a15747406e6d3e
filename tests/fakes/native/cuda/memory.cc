// Memory of the fake libcuda: device memory is host memory behind an address that no program can read by mistake.
#include "memory.h"

#include <cstdlib>
#include <cstring>
#include <memory>

#include "streams.h"

namespace fake {
namespace {

struct Block {
  size_t bytes;
  Device* device;
};

struct Blocks {
  std::map<uintptr_t, Block> device, allocated, registered;
};

Blocks& blocks() {
  static auto* const all = new Blocks;
  return *all;
}

/** Not a canonical address: touching it ends the program. */
constexpr uint64_t deviceTag = 1ull << 60;

bool holds(const std::map<uintptr_t, Block>& map, uintptr_t address, size_t bytes) {
  auto after = map.upper_bound(address);
  if (after == map.begin()) return false;
  const auto& [start, block] = *--after;
  return address >= start && address + bytes <= start + block.bytes;
}

bool isPageLocked(const void* host, size_t bytes) {
  const std::lock_guard<std::mutex> lock(tables());
  const auto address = reinterpret_cast<uintptr_t>(host);
  return holds(blocks().allocated, address, bytes) || holds(blocks().registered, address, bytes);
}

}  // namespace

void* deviceMemory(uint64_t pointer, size_t bytes) {
  const std::lock_guard<std::mutex> lock(tables());
  const auto address = static_cast<uintptr_t>(pointer - deviceTag);
  return holds(blocks().device, address, bytes) ? reinterpret_cast<void*>(address) : nullptr;
}

}  // namespace fake

using namespace fake;

FAKE_EXPORT void* fakeCudaDeviceMemory(uint64_t pointer, size_t bytes) { return deviceMemory(pointer, bytes); }

FAKE_EXPORT int cuMemGetInfo_v2(size_t* free, size_t* total) {
  FAKE_ENTER(cuMemGetInfo_v2, context);
  const std::lock_guard<std::mutex> lock(tables());
  *total = currentDevice()->totalBytes;
  *free = *total - currentDevice()->usedBytes;
  return ok;
}

FAKE_EXPORT int cuMemAlloc_v2(uint64_t* pointer, size_t bytes) {
  FAKE_ENTER(cuMemAlloc_v2, context);
  if (captureForbids()) return captureUnsupported;
  if (bytes == 0) return invalidValue;
  Device* device = currentDevice();
  {
    const std::lock_guard<std::mutex> lock(tables());
    if (bytes > device->totalBytes - device->usedBytes) return outOfMemory;
    void* memory = std::malloc(bytes);
    if (memory == nullptr) return outOfMemory;
    device->usedBytes += bytes;
    if (device->usedBytes > device->peakBytes) device->peakBytes = device->usedBytes;
    blocks().device[reinterpret_cast<uintptr_t>(memory)] = {bytes, device};
    *pointer = reinterpret_cast<uintptr_t>(memory) + deviceTag;
  }
  count("device blocks", 1);
  return ok;
}

FAKE_EXPORT int cuMemFree_v2(uint64_t pointer) {
  FAKE_ENTER(cuMemFree_v2, context);
  if (captureForbids()) return captureUnsupported;
  const auto address = static_cast<uintptr_t>(pointer - deviceTag);
  Device* device = nullptr;
  {
    const std::lock_guard<std::mutex> lock(tables());
    const auto found = blocks().device.find(address);
    if (found == blocks().device.end()) return invalidValue;
    device = found->second.device;
  }
  synchronizeDevice(device);
  {
    const std::lock_guard<std::mutex> lock(tables());
    device->usedBytes -= blocks().device[address].bytes;
    blocks().device.erase(address);
  }
  std::free(reinterpret_cast<void*>(address));
  count("device blocks", -1);
  return ok;
}

FAKE_EXPORT int cuMemHostAlloc(void** host, size_t bytes, unsigned) {
  FAKE_ENTER(cuMemHostAlloc, context);
  if (captureForbids()) return captureUnsupported;
  *host = std::malloc(bytes);
  if (*host == nullptr || bytes == 0) return outOfMemory;
  {
    const std::lock_guard<std::mutex> lock(tables());
    blocks().allocated[reinterpret_cast<uintptr_t>(*host)] = {bytes, currentDevice()};
  }
  count("page-locked blocks", 1);
  return ok;
}

FAKE_EXPORT int cuMemFreeHost(void* host) {
  FAKE_ENTER(cuMemFreeHost, context);
  {
    const std::lock_guard<std::mutex> lock(tables());
    if (blocks().allocated.erase(reinterpret_cast<uintptr_t>(host)) == 0) return invalidValue;
  }
  std::free(host);
  count("page-locked blocks", -1);
  return ok;
}

FAKE_EXPORT int cuMemHostRegister_v2(void* host, size_t bytes, unsigned) {
  FAKE_ENTER(cuMemHostRegister_v2, context);
  const auto address = reinterpret_cast<uintptr_t>(host);
  {
    const std::lock_guard<std::mutex> lock(tables());
    if (holds(blocks().registered, address, 1) || holds(blocks().allocated, address, 1)) return hostMemoryAlreadyRegistered;
    blocks().registered[address] = {bytes, currentDevice()};
  }
  count("registered blocks", 1);
  return ok;
}

FAKE_EXPORT int cuMemHostUnregister(void* host) {
  FAKE_ENTER(cuMemHostUnregister, context);
  {
    const std::lock_guard<std::mutex> lock(tables());
    if (blocks().registered.erase(reinterpret_cast<uintptr_t>(host)) == 0) return hostMemoryNotRegistered;
  }
  count("registered blocks", -1);
  return ok;
}

FAKE_EXPORT int cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, size_t bytes, Stream* stream) {
  FAKE_ENTER(cuMemcpyHtoDAsync_v2, context);
  void* memory = deviceMemory(to, bytes);
  if (memory == nullptr) return invalidValue;
  if (isPageLocked(from, bytes)) return submit(stream, [=] { std::memcpy(memory, from, bytes); });
  // Memory of the pager is read before the call returns.
    auto copy = std::make_shared<std::vector<char>>(bytes);
  std::memcpy(copy->data(), from, bytes);
  return submit(stream, [=] { std::memcpy(memory, copy->data(), bytes); });
}

FAKE_EXPORT int cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, Stream* stream) {
  FAKE_ENTER(cuMemcpyDtoHAsync_v2, context);
  const void* memory = deviceMemory(from, bytes);
  if (memory == nullptr) return invalidValue;
  const int code = submit(stream, [=] { std::memcpy(to, memory, bytes); });
  if (code != ok || isPageLocked(to, bytes)) return code;
  return synchronize(stream);
}

FAKE_EXPORT int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, Stream* stream) {
  FAKE_ENTER(cuMemcpyDtoDAsync_v2, context);
  void* target = deviceMemory(to, bytes);
  const void* source = deviceMemory(from, bytes);
  if (target == nullptr || source == nullptr) return invalidValue;
  return submit(stream, [=] { std::memcpy(target, source, bytes); });
}

FAKE_EXPORT int cuMemcpyHtoD_v2(uint64_t to, const void* from, size_t bytes) {
  FAKE_ENTER(cuMemcpyHtoD_v2, context);
  void* memory = deviceMemory(to, bytes);
  if (memory == nullptr) return invalidValue;
  std::memcpy(memory, from, bytes);
  return ok;
}

FAKE_EXPORT int cuMemcpyDtoH_v2(void* to, uint64_t from, size_t bytes) {
  FAKE_ENTER(cuMemcpyDtoH_v2, context);
  synchronizeDevice(currentDevice());
  const void* memory = deviceMemory(from, bytes);
  if (memory == nullptr) return invalidValue;
  std::memcpy(to, memory, bytes);
  return lostCode();
}

FAKE_EXPORT int cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes, Stream* stream) {
  FAKE_ENTER(cuMemsetD8Async, context);
  void* memory = deviceMemory(to, bytes);
  if (memory == nullptr) return invalidValue;
  return submit(stream, [=] { std::memset(memory, value, bytes); });
}

FAKE_EXPORT int cuMemsetD32Async(uint64_t to, unsigned value, size_t words, Stream* stream) {
  FAKE_ENTER(cuMemsetD32Async, context);
  auto* memory = static_cast<unsigned*>(deviceMemory(to, words * 4));
  if (memory == nullptr) return invalidValue;
  return submit(stream, [=] {
    for (size_t i = 0; i < words; i++) memory[i] = value;
  });
}

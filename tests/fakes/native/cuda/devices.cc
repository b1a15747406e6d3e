// Devices and primary contexts of the fake libcuda. A context is its device: there are only primary ones.
#include <cstdio>
#include <cstring>

#include "state.h"

using namespace fake;

namespace {
Device* deviceAt(int index) {
  return index >= 0 && index < static_cast<int>(devices().size()) ? &devices()[index] : nullptr;
}
}  // namespace

FAKE_EXPORT int cuDeviceGetCount(int* number) {
  FAKE_ENTER(cuDeviceGetCount, init);
  *number = static_cast<int>(devices().size());
  return ok;
}

FAKE_EXPORT int cuDeviceGet(int* device, int index) {
  FAKE_ENTER(cuDeviceGet, init);
  if (deviceAt(index) == nullptr) return invalidDevice;
  *device = index;
  return ok;
}

FAKE_EXPORT int cuDeviceGetName(char* name, int length, int device) {
  FAKE_ENTER(cuDeviceGetName, init);
  if (deviceAt(device) == nullptr) return invalidDevice;
  std::snprintf(name, length, "%s", deviceAt(device)->name.c_str());
  return ok;
}

FAKE_EXPORT int cuDeviceGetAttribute(int* value, int attribute, int device) {
  FAKE_ENTER(cuDeviceGetAttribute, init);
  const Device* found = deviceAt(device);
  if (found == nullptr) return invalidDevice;
  switch (attribute) {
    case 16: *value = 132; break;  // multiprocessors
    case 33: *value = 4 + device; break;  // PCI bus
    case 34: *value = 0; break;  // PCI device
    case 50: *value = 0; break;  // PCI domain
    case 75: *value = found->major; break;
    case 76: *value = found->minor; break;
    default: *value = 1;
  }
  return ok;
}

FAKE_EXPORT int cuDeviceGetPCIBusId(char* id, int length, int device) {
  FAKE_ENTER(cuDeviceGetPCIBusId, init);
  if (deviceAt(device) == nullptr) return invalidDevice;
  std::snprintf(id, length, "0000:%02x:00.0", 4 + device);
  return ok;
}

FAKE_EXPORT int cuDeviceGetUuid_v2(unsigned char* uuid, int device) {
  FAKE_ENTER(cuDeviceGetUuid_v2, init);
  if (deviceAt(device) == nullptr) return invalidDevice;
  std::memset(uuid, device + 1, 16);
  return ok;
}

FAKE_EXPORT int cuDeviceTotalMem_v2(size_t* bytes, int device) {
  FAKE_ENTER(cuDeviceTotalMem_v2, init);
  if (deviceAt(device) == nullptr) return invalidDevice;
  *bytes = deviceAt(device)->totalBytes;
  return ok;
}

FAKE_EXPORT int cuDevicePrimaryCtxSetFlags_v2(int device, unsigned) {
  FAKE_ENTER(cuDevicePrimaryCtxSetFlags_v2, init);
  return deviceAt(device) == nullptr ? invalidDevice : ok;
}

FAKE_EXPORT int cuDevicePrimaryCtxRetain(void** context, int device) {
  FAKE_ENTER(cuDevicePrimaryCtxRetain, init);
  Device* found = deviceAt(device);
  if (found == nullptr) return invalidDevice;
  count("contexts", 1);
  const std::lock_guard<std::mutex> lock(tables());
  found->retained++;
  *context = found;
  return ok;
}

FAKE_EXPORT int cuDevicePrimaryCtxRelease_v2(int device) {
  FAKE_ENTER(cuDevicePrimaryCtxRelease_v2, init);
  Device* found = deviceAt(device);
  if (found == nullptr) return invalidDevice;
  {
    const std::lock_guard<std::mutex> lock(tables());
    if (found->retained == 0) return invalidContext;
    found->retained--;
  }
  count("contexts", -1);
  return ok;
}

FAKE_EXPORT int cuCtxSetCurrent(void* context) {
  FAKE_ENTER(cuCtxSetCurrent, init);
  currentDevice() = static_cast<Device*>(context);
  return ok;
}

FAKE_EXPORT int cuCtxGetCurrent(void** context) {
  FAKE_ENTER(cuCtxGetCurrent, init);
  *context = currentDevice();
  return ok;
}

FAKE_EXPORT int cuCtxGetDevice(int* device) {
  FAKE_ENTER(cuCtxGetDevice, context);
  *device = currentDevice()->index;
  return ok;
}

FAKE_EXPORT int cuCtxSynchronize() {
  FAKE_ENTER(cuCtxSynchronize, context);
  if (captureForbids()) return captureUnsupported;
  synchronizeDevice(currentDevice());
  return lostCode();
}

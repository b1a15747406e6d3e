// What the parts of the fake libcuda.so.1 share. It keeps CUDA's rules (a context for every thread, bounds of memory, what
// a capture allows) and refuses what breaks them with CUDA's own codes, so that a mistake shows without a GPU.
//
// Environment, read once:
//   FAKE_CUDA_DEVICES   "name|compute capability|GiB" of each device, separated by ";"; "none" = a driver without devices
//   FAKE_CUDA_INIT      what cuInit returns, default 0
//   FAKE_CUDA_FAIL      "function:n:code,…": the n-th call of a function fails; codes of lost devices then stick
//   FAKE_CUDA_LOST_AT   the device is lost when the n-th piece of work runs on it
//   FAKE_CUDA_STREAMS   "immediate": work runs inside the call that asks for it; otherwise each stream has a thread
//   FAKE_CUDA_REPORT    file that gets the counts of calls and of what is still alive, as JSON, when the process exits
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#define FAKE_EXPORT extern "C" __attribute__((visibility("default")))

namespace fake {

enum Code : int {
  ok = 0,
  invalidValue = 1,
  outOfMemory = 2,
  notInitialized = 3,
  noDevice = 100,
  invalidDevice = 101,
  invalidContext = 201,
  invalidHandle = 400,
  notReady = 600,
  hostMemoryAlreadyRegistered = 712,
  hostMemoryNotRegistered = 713,
  captureUnsupported = 900,
  captureInvalidated = 901,
  captureUnjoined = 904,
  capturedEvent = 907,
  captureWrongThread = 908,
  lost = 999,
};

struct Device {
  int index;
  std::string name;
  int major, minor;
  size_t totalBytes;
  size_t usedBytes = 0;
  size_t peakBytes = 0;
  int retained = 0;
};

enum class Needs { nothing, init, context };

/** First line of every call: counts it, lets it fail where the test says so, checks what it needs. */
int enter(const char* function, Needs needs);

std::vector<Device>& devices();
/** Device of the calling thread's context; null without one. */
Device*& currentDevice();
/** Guards devices and every table of live objects. */
std::mutex& tables();

/** Once set, every call returns it. */
int lostCode();
void lose(int code);
/** Counts one piece of device work; false when the device is lost with it. */
bool mayRun();
bool isImmediate();

/** Live objects of a kind, by name, for the report. */
void count(const char* kind, int change);

/** True when the calling thread captures in a mode that forbids calls such as an allocation. */
bool captureForbids();

/** Waits for all work of a device. */
void synchronizeDevice(const Device* device);

}  // namespace fake

#define FAKE_ENTER(function, needs) \
  if (const int code = ::fake::enter(#function, ::fake::Needs::needs)) return code

// Streams, events, captures and graphs of the fake libcuda.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <thread>

#include "state.h"

namespace fake {

using Work = std::function<void()>;

struct Graph {
  std::vector<Work> works;
};

struct Stream;

/** One capture: everything that joined it is recorded in the order of the calls, which is a valid order to replay. */
struct Capture {
  Stream* origin;
  int mode;
  std::thread::id thread;
  bool isInvalid = false;
  Graph graph;
  std::set<Stream*> joined;
};

struct Stream {
  Device* device;
  std::thread thread;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Work> queue;
  uint64_t submitted = 0;
  uint64_t finished = 0;
  bool isClosing = false;
  Capture* capture = nullptr;
  /** Within the capture: calls recorded, and how many of them another stream of the capture waits for. */
  uint64_t recorded = 0;
  uint64_t waitedFor = 0;
};

struct Event {
  unsigned flags;
  Device* device;
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t requested = 0;
  uint64_t completed = 0;
  int64_t atNs = 0;
  /** Where the event was last recorded in a capture. */
  Capture* capture = nullptr;
  Stream* capturedIn = nullptr;
  uint64_t capturedAt = 0;
};

/** Queues work on a stream, or records it in the stream's capture. Null is the device's own stream. */
int submit(Stream* stream, Work work);
/** Waits for all work of a stream. */
int synchronize(Stream* stream);

}  // namespace fake

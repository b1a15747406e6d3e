// Streams and events of the fake libcuda: a stream is a queue with a thread; an event counts its records.
#include "streams.h"

#include <ctime>

namespace fake {
namespace {

struct Streams {
  /** Never given back: events that were recorded in one still name it. */
  std::deque<Capture> captures;
  std::set<Stream*> all;
  std::map<const Device*, Stream*> ofDevice;
};

Streams& streams() {
  static auto* const instance = new Streams;
  return *instance;
}

thread_local Capture* threadCapture = nullptr;

void serve(Stream* stream) {
  std::unique_lock<std::mutex> lock(stream->mutex);
  for (;;) {
    stream->changed.wait(lock, [stream] { return stream->isClosing || !stream->queue.empty(); });
    if (stream->queue.empty()) return;
    const Work work = std::move(stream->queue.front());
    stream->queue.pop_front();
    lock.unlock();
    if (lostCode() == 0) work();
    lock.lock();
    stream->finished++;
    stream->changed.notify_all();
  }
}

Stream* openStream(Device* device) {
  auto* stream = new Stream;
  stream->device = device;
  if (!isImmediate()) stream->thread = std::thread(serve, stream);
  return stream;
}

Stream* known(Stream* stream) {
  const std::lock_guard<std::mutex> lock(tables());
  if (stream != nullptr) return streams().all.count(stream) == 0 ? nullptr : stream;
  auto*& own = streams().ofDevice[currentDevice()];
  if (own == nullptr) own = openStream(currentDevice());
  return own;
}

void push(Stream* stream, Work work) {
  if (isImmediate()) {
    if (lostCode() == 0) work();
    return;
  }
  const std::lock_guard<std::mutex> lock(stream->mutex);
  stream->queue.push_back(std::move(work));
  stream->submitted++;
  stream->changed.notify_all();
}

void drain(Stream* stream) {
  std::unique_lock<std::mutex> lock(stream->mutex);
  const uint64_t until = stream->submitted;
  stream->changed.wait(lock, [=] { return stream->finished >= until; });
}

int64_t nowNs() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/** Ends when the event has completed that record, or the device is lost. */
void await(Event* event, uint64_t record) {
  std::unique_lock<std::mutex> lock(event->mutex);
  while (event->completed < record && lostCode() == 0) event->changed.wait_for(lock, std::chrono::milliseconds(20));
}

}  // namespace

int submit(Stream* asked, Work work) {
  Stream* stream = known(asked);
  if (stream == nullptr || stream->device != currentDevice()) return invalidHandle;
  if (Capture* capture = stream->capture) {
    if (capture->isInvalid) return captureInvalidated;
    capture->graph.works.push_back(std::move(work));
    stream->recorded++;
    return ok;
  }
  push(stream, std::move(work));
  return ok;
}

int synchronize(Stream* asked) {
  Stream* stream = known(asked);
  if (stream == nullptr) return invalidHandle;
  if (stream->capture != nullptr) {
    stream->capture->isInvalid = true;
    return captureUnsupported;
  }
  if (!isImmediate()) drain(stream);
  return lostCode();
}

void synchronizeDevice(const Device* device) {
  if (isImmediate()) return;
  std::vector<Stream*> ofDevice;
  {
    const std::lock_guard<std::mutex> lock(tables());
    for (auto* stream : streams().all) {
      if (stream->device == device) ofDevice.push_back(stream);
    }
    const auto own = streams().ofDevice.find(device);
    if (own != streams().ofDevice.end()) ofDevice.push_back(own->second);
  }
  for (auto* stream : ofDevice) drain(stream);
}

bool captureForbids() {
  if (threadCapture == nullptr || threadCapture->mode == 2) return false;
  threadCapture->isInvalid = true;
  return true;
}

}  // namespace fake

using namespace fake;

FAKE_EXPORT int cuStreamCreate(Stream** stream, unsigned) {
  FAKE_ENTER(cuStreamCreate, context);
  *stream = openStream(currentDevice());
  {
    const std::lock_guard<std::mutex> lock(tables());
    streams().all.insert(*stream);
  }
  count("streams", 1);
  return ok;
}

FAKE_EXPORT int cuStreamCreateWithPriority(Stream** stream, unsigned flags, int) { return cuStreamCreate(stream, flags); }

FAKE_EXPORT int cuStreamDestroy_v2(Stream* stream) {
  FAKE_ENTER(cuStreamDestroy_v2, context);
  {
    const std::lock_guard<std::mutex> lock(tables());
    if (streams().all.erase(stream) == 0) return invalidHandle;
  }
  if (stream->thread.joinable()) {
    {
      const std::lock_guard<std::mutex> lock(stream->mutex);
      stream->isClosing = true;
      stream->changed.notify_all();
    }
    stream->thread.join();
  }
  delete stream;
  count("streams", -1);
  return ok;
}

FAKE_EXPORT int cuStreamSynchronize(Stream* stream) {
  FAKE_ENTER(cuStreamSynchronize, context);
  return synchronize(stream);
}

FAKE_EXPORT int cuStreamQuery(Stream* asked) {
  FAKE_ENTER(cuStreamQuery, context);
  Stream* stream = known(asked);
  if (stream == nullptr) return invalidHandle;
  const std::lock_guard<std::mutex> lock(stream->mutex);
  return stream->finished == stream->submitted ? ok : notReady;
}

FAKE_EXPORT int cuLaunchHostFunc(Stream* stream, void (*function)(void*), void* data) {
  FAKE_ENTER(cuLaunchHostFunc, context);
  return submit(stream, [=] {
    if (mayRun()) function(data);
  });
}

FAKE_EXPORT int cuEventCreate(Event** event, unsigned flags) {
  FAKE_ENTER(cuEventCreate, context);
  *event = new Event;
  (*event)->flags = flags;
  (*event)->device = currentDevice();
  count("events", 1);
  return ok;
}

FAKE_EXPORT int cuEventDestroy_v2(Event* event) {
  FAKE_ENTER(cuEventDestroy_v2, context);
  // Records that still run need it.
  synchronizeDevice(event->device);
  delete event;
  count("events", -1);
  return ok;
}

FAKE_EXPORT int cuEventRecord(Event* event, Stream* asked) {
  FAKE_ENTER(cuEventRecord, context);
  Stream* stream = known(asked);
  if (stream == nullptr || stream->device != event->device) return invalidHandle;
  if (Capture* capture = stream->capture) {
    if (capture->isInvalid) return captureInvalidated;
    const std::lock_guard<std::mutex> lock(event->mutex);
    event->capture = capture;
    event->capturedIn = stream;
    event->capturedAt = stream->recorded;
    return ok;
  }
  uint64_t record;
  {
    const std::lock_guard<std::mutex> lock(event->mutex);
    event->capture = nullptr;
    record = ++event->requested;
  }
  push(stream, [=] {
    const std::lock_guard<std::mutex> lock(event->mutex);
    event->completed = record;
    event->atNs = nowNs();
    event->changed.notify_all();
  });
  return ok;
}

FAKE_EXPORT int cuStreamWaitEvent(Stream* asked, Event* event, unsigned) {
  FAKE_ENTER(cuStreamWaitEvent, context);
  Stream* stream = known(asked);
  if (stream == nullptr) return invalidHandle;
  uint64_t record;
  {
    const std::lock_guard<std::mutex> lock(event->mutex);
    if (Capture* capture = event->capture) {
      if (stream->capture != nullptr && stream->capture != capture) return captureUnsupported;
      if (stream->capture == nullptr) {
        stream->capture = capture;
        stream->recorded = 0;
        stream->waitedFor = 0;
        capture->joined.insert(stream);
      }
      if (event->capturedIn != stream) event->capturedIn->waitedFor = event->capturedAt;
      return ok;
    }
    // What was recorded outside of a capture cannot be waited for inside.
    if (stream->capture != nullptr) {
      stream->capture->isInvalid = true;
      return captureUnsupported;
    }
    record = event->requested;
  }
  push(stream, [=] { await(event, record); });
  return ok;
}

FAKE_EXPORT int cuEventQuery(Event* event) {
  FAKE_ENTER(cuEventQuery, context);
  const std::lock_guard<std::mutex> lock(event->mutex);
  if (event->capture != nullptr) return capturedEvent;
  return event->completed >= event->requested ? ok : notReady;
}

FAKE_EXPORT int cuEventSynchronize(Event* event) {
  FAKE_ENTER(cuEventSynchronize, context);
  uint64_t record;
  {
    const std::lock_guard<std::mutex> lock(event->mutex);
    if (event->capture != nullptr) return capturedEvent;
    record = event->requested;
  }
  await(event, record);
  return lostCode();
}

FAKE_EXPORT int cuEventElapsedTime(float* milliseconds, Event* from, Event* to) {
  FAKE_ENTER(cuEventElapsedTime, context);
  if (((from->flags | to->flags) & 2u) != 0 || from == to) return invalidHandle;
  const std::scoped_lock lock(from->mutex, to->mutex);
  if (from->requested == 0 || to->requested == 0) return invalidHandle;
  if (from->completed < from->requested || to->completed < to->requested) return notReady;
  *milliseconds = static_cast<float>(to->atNs - from->atNs) / 1e6f;
  return ok;
}

FAKE_EXPORT int cuEventElapsedTime_v2(float* milliseconds, Event* from, Event* to) {
  return cuEventElapsedTime(milliseconds, from, to);
}

FAKE_EXPORT int cuStreamBeginCapture_v2(Stream* stream, int mode) {
  FAKE_ENTER(cuStreamBeginCapture_v2, context);
  if (stream == nullptr || known(stream) == nullptr) return captureUnsupported;
  if (stream->capture != nullptr) return invalidValue;
  Capture* capture = nullptr;
  {
    const std::lock_guard<std::mutex> lock(tables());
    capture = &streams().captures.emplace_back();
  }
  capture->origin = stream;
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  capture->joined.insert(stream);
  stream->capture = capture;
  stream->recorded = 0;
  stream->waitedFor = 0;
  threadCapture = capture;
  return ok;
}

FAKE_EXPORT int cuStreamIsCapturing(Stream* stream, int* status) {
  FAKE_ENTER(cuStreamIsCapturing, context);
  *status = stream == nullptr || stream->capture == nullptr ? 0 : stream->capture->isInvalid ? 2 : 1;
  return ok;
}

FAKE_EXPORT int cuStreamEndCapture(Stream* stream, Graph** graph) {
  FAKE_ENTER(cuStreamEndCapture, context);
  *graph = nullptr;
  Capture* capture = stream == nullptr ? nullptr : stream->capture;
  if (capture == nullptr || capture->origin != stream) return invalidValue;
  if (capture->mode != 2 && capture->thread != std::this_thread::get_id()) return captureWrongThread;
  bool isUnjoined = false;
  for (auto* member : capture->joined) {
    isUnjoined |= member != stream && member->waitedFor < member->recorded;
    member->capture = nullptr;
  }
  threadCapture = nullptr;
  if (capture->isInvalid) return captureInvalidated;
  if (isUnjoined) return captureUnjoined;
  *graph = new Graph(capture->graph);
  count("graphs", 1);
  return ok;
}

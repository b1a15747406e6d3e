// A closed loop that keeps every slot of every stream busy, as trtexec does: a query is issued while the one before it
// runs. Times come from events on the GPU's clock; a query's latency is its three parts, without its wait behind
// others.

#include "measure.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "clock.h"
#include "sample-queue.h"

namespace loadrig {

namespace {

/** A slot with events around each step. */
struct Lane {
  Lane(InferenceStream& stream, Slot& slot) : stream(stream), slot(slot) {}
  InferenceStream& stream;
  Slot& slot;
  CudaEvent h2dStart{CudaEvent::Kind::Timing};
  CudaEvent h2dEnd{CudaEvent::Kind::Timing};
  CudaEvent computeStart{CudaEvent::Kind::Timing};
  CudaEvent computeEnd{CudaEvent::Kind::Timing};
  CudaEvent d2hStart{CudaEvent::Kind::Timing};
  CudaEvent d2hEnd{CudaEvent::Kind::Timing};
  double enqueueMs = 0;
  bool isBusy = false;
};

double msSince(int64_t startNs) {
  return static_cast<double>(nowNs() - startNs) / 1e6;
}

class Loop {
 public:
  Loop(Engine& engine, const MeasureOrder& order) : engine_(engine), order_(order) {
    // Streams alternate, so that none waits for another's slots.
    for (size_t slot = 0; slot < engine.streams.front().slotCount(); slot++) {
      for (int i = 0; i < order.streams; i++) {
        InferenceStream& stream = engine.streams[static_cast<size_t>(i)];
        lanes_.emplace_back(stream, stream.slot(slot));
      }
    }
    if (order.sampleOrder.empty())
      prepareMadeUp();
    else
      source_ = engine.source();
  }

  Measured run() {
    loop([this](long, double ms) { return ms < order_.warmUpMs; });
    measured_ = {};
    place_ = 0;
    const int64_t startNs = nowNs();
    if (order_.onePass)
      loop([this](long query, double) { return query == 0 || place_ != 0; });
    else
      loop([this](long query, double ms) { return query < order_.iterations || ms < order_.durationMs; });
    measured_.wallMs = msSince(startNs);
    return std::move(measured_);
  }

 private:
  void prepareMadeUp() {
    fixed_.shape = engine_.network.shapeOfEqualLengths(order_.batch, order_.sequenceLength);
    fixed_.size = {order_.batch, order_.batch * order_.sequenceLength, order_.sequenceLength};
    for (int i = 0; i < order_.streams; i++) {
      InferenceStream& stream = engine_.streams[static_cast<size_t>(i)];
      for (size_t slot = 0; slot < stream.slotCount(); slot++) {
        engine_.fillSlot(stream, stream.slot(slot), fixed_.shape);
        stream.enqueue(stream.slot(slot), fixed_.shape);
        stream.computeStream().synchronize();
      }
      if (order_.useGraph && !stream.hasGraphFor(fixed_.shape)) stream.capture(fixed_.shape);
    }
  }

  /** While `goesOn`, of the queries issued and the milliseconds so far, says so; then until all are done. */
  template <class GoesOn>
  void loop(GoesOn goesOn) {
    const int64_t startNs = nowNs();
    next_ = 0;
    for (long query = 0; goesOn(query, msSince(startNs)); query++) {
      Lane& lane = lanes_[static_cast<size_t>(query) % lanes_.size()];
      collect(lane);
      if (order_.idleMs > 0) std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(order_.idleMs));
      issue(lane);
      next_ = (static_cast<size_t>(query) + 1) % lanes_.size();
    }
    for (size_t i = 0; i < lanes_.size(); i++) collect(lanes_[(next_ + i) % lanes_.size()]);
  }

  void issue(Lane& lane) {
    Issued issued = fixed_;
    const CapturedGraph* graph = nullptr;
    if (order_.sampleOrder.empty()) {
      if (order_.useGraph) graph = lane.stream.findGraphOf(lane.slot, fixed_.shape);
    } else {
      takeBatch(lane.slot);
      graph = lane.stream.plan(lane.slot, source_, order_.useGraph, issued);
    }
    if (order_.copies || !order_.sampleOrder.empty()) upload(lane, issued);
    lane.computeStart.record(lane.stream.computeStream());
    const int64_t enqueueNs = nowNs();
    lane.stream.compute(lane.slot, graph, issued.shape);
    lane.enqueueMs = msSince(enqueueNs);
    lane.computeEnd.record(lane.stream.computeStream());
    if (order_.copies) {
      lane.slot.copyStream.waitFor(lane.computeEnd.get());
      lane.d2hStart.record(lane.slot.copyStream);
      lane.stream.download(lane.slot, issued, lane.slot.copyStream);
      lane.d2hEnd.record(lane.slot.copyStream);
    }
    lane.isBusy = true;
    measured_.samples += issued.size.samples;
  }

  void upload(Lane& lane, const Issued& issued) {
    lane.h2dStart.record(lane.slot.copyStream);
    if (order_.sampleOrder.empty())
      lane.stream.uploadAsIs(lane.slot, issued.shape, lane.slot.copyStream);
    else
      lane.stream.upload(lane.slot, source_, issued.shape, lane.slot.copyStream);
    lane.h2dEnd.record(lane.slot.copyStream);
    lane.stream.computeStream().waitFor(lane.h2dEnd.get());
  }

  /** The next `batch` samples of the order, fewer at its end or at a boundary; then from its beginning again. */
  void takeBatch(Slot& slot) {
    const std::vector<int32_t>& order = order_.sampleOrder;
    const size_t most = std::min(static_cast<size_t>(order_.batch), order.size() - place_);
    const int firstLength = source_.samples->length(order[place_]);
    size_t count = 0;
    for (; count < most; count++) {
      const int32_t sample = order[place_ + count];
      if (arePartedBy(order_.lengthBoundaries, firstLength, source_.samples->length(sample))) break;
      slot.indices[count] = sample;
    }
    slot.count = static_cast<int>(count);
    place_ = (place_ + count) % order.size();
  }

  void collect(Lane& lane) {
    if (!lane.isBusy) return;
    lane.isBusy = false;
    (order_.copies ? lane.d2hEnd : lane.computeEnd).wait();
    const double h2d = order_.copies ? lane.h2dEnd.msSince(lane.h2dStart) : 0;
    const double compute = lane.computeEnd.msSince(lane.computeStart);
    const double d2h = order_.copies ? lane.d2hEnd.msSince(lane.d2hStart) : 0;
    measured_.enqueueMs.push_back(lane.enqueueMs);
    measured_.h2dMs.push_back(h2d);
    measured_.computeMs.push_back(compute);
    measured_.d2hMs.push_back(d2h);
    measured_.latencyMs.push_back(h2d + compute + d2h);
  }

  Engine& engine_;
  const MeasureOrder& order_;
  InputSource source_;
  Issued fixed_;
  std::deque<Lane> lanes_;
  Measured measured_;
  size_t next_ = 0;
  size_t place_ = 0;
};

}  // namespace

Measured measure(Engine& engine, const MeasureOrder& order) {
  if (order.streams > static_cast<int>(engine.streams.size())) {
    throw NativeError(ErrorCode::Argument, "the engine was opened with " + std::to_string(engine.streams.size()) +
                                               " streams, asked for " + std::to_string(order.streams));
  }
  if (!order.sampleOrder.empty()) {
    engine.checkIndices(order.sampleOrder.data(), order.sampleOrder.size());
    if (order.batch > engine.network.maxBatch) {
      throw NativeError(ErrorCode::Argument, "the engine takes up to " + std::to_string(engine.network.maxBatch) +
                                                 " samples, asked for " + std::to_string(order.batch));
    }
    if (!order.copies && !engine.options.startFromDevice) {
      throw NativeError(ErrorCode::Argument, "samples without copies need an engine opened with start_from_device");
    }
  }
  try {
    return Loop(engine, order).run();
  } catch (...) {
    // Batches that are still on their way would write into slots of the next call.
    for (InferenceStream& stream : engine.streams) stream.drain();
    throw;
  }
}

}  // namespace loadrig

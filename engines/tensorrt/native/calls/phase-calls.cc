// startPhase, wake, waitCompleted, runInCall, endPhase.

#include <algorithm>

#include "../environment.h"
#include "../phase.h"
#include "call.h"

namespace loadrig {

namespace {

int32_t handleOf(const Call& call) {
  return call.argument(0, "phase").integer(0, INT32_MAX);
}

PhaseRecords readRecords(const JsValue& phase) {
  PhaseRecords records;
  const View<int32_t> counters = phase.at("counters").int32s();
  const JsValue cells = phase.at("cells");
  const auto cell = [&](const char* name) {
    return SharedCell(
        &counters[static_cast<size_t>(cells.at(name).integer(0, static_cast<int32_t>(counters.length) - 1))]);
  };
  records.issued = cell("issued");
  records.completed = cell("completed");
  records.awaited = cell("awaited");
  records.taken = cell("taken");
  records.sleepers = cell("sleepers");
  records.ended = cell("ended");
  records.responseTooLong = cell("responseTooLong");
  records.sampleIndices = phase.at("sampleIndices").int32s();
  records.completedNs = phase.at("completedNs").float64s();
  records.isLogged = phase.at("isLogged").bytes();
  records.responseSlots = phase.at("responseSlots").int32s();
  records.responseLengths = phase.at("responseLengths").int32s();
  records.responseBytes = phase.at("responseBytes").bytes();
  records.maxResponseBytes = static_cast<size_t>(phase.at("maxResponseBytes").integer(0, INT32_MAX));
  return records;
}

/** Threads index these arrays unchecked: everything is checked here, before time zero. */
void checkRecords(const PhaseRecords& records, const View<int32_t>& order) {
  const size_t count = records.sampleIndices.length;
  if (records.completedNs.length != count || records.isLogged.length != count) {
    throw NativeError(ErrorCode::Argument, "completedNs and isLogged must be as long as sampleIndices");
  }
  if (order.length != 0 && order.length != count) {
    throw NativeError(ErrorCode::Argument, "order must be as long as sampleIndices");
  }
  for (size_t i = 0; i < order.length; i++) {
    if (order[i] < 0 || static_cast<size_t>(order[i]) >= count) {
      throw NativeError(ErrorCode::Argument, "order names sample " + std::to_string(order[i]) + ", which is not there");
    }
  }
  if (records.responseSlots.length == 0) return;
  const size_t slots = records.responseLengths.length;
  if (records.responseSlots.length != count || records.responseBytes.length < slots * records.maxResponseBytes) {
    throw NativeError(ErrorCode::Argument, "responseSlots or responseBytes are too short");
  }
  for (size_t i = 0; i < count; i++) {
    const int32_t slot = records.responseSlots[i];
    if (records.isLogged[i] != 0 && (slot < 0 || static_cast<size_t>(slot) >= slots)) {
      throw NativeError(ErrorCode::Argument, "sample " + std::to_string(i) + " is logged, but has no response slot");
    }
  }
}

PhaseOptions readOptions(const JsValue& phase, const std::vector<EngineUse>& engines) {
  PhaseOptions options;
  const JsValue order = phase.at("order");
  if (!order.isMissing()) options.order = order.int32s();
  BatchRules& rules = options.rules;
  rules.maxBatch = phase.at("max_batch").count();
  for (const EngineUse& use : engines) rules.maxBatch = std::min(rules.maxBatch, use.engine().network.maxBatch);
  rules.maxTokens = phase.at("max_tokens").integer(0, INT32_MAX);
  rules.queueDelayNs = static_cast<int64_t>(phase.at("queue_delay_ns").number());
  for (const JsValue& size : phase.at("preferred_batch_sizes").items()) {
    rules.preferredSizes.push_back(size.integer(1, rules.maxBatch));
  }
  std::sort(rules.preferredSizes.begin(), rules.preferredSizes.end());
  for (const JsValue& length : phase.at("length_boundaries").items()) {
    rules.lengthBoundaries.push_back(length.count());
  }
  options.useGraphs = phase.at("use_graphs").flag();
  options.inCall = phase.at("in_call").flag();
  options.spinNs = static_cast<int64_t>(phase.at("spin_ns").number());
  return options;
}

void endAtEnd(int handle) {
  auto phase = phases().take(handle);
  if (phase != nullptr && !phase->stop()) static_cast<void>(phase.release());
}

}  // namespace

napi_value callStartPhase(const Call& call) {
  std::vector<EngineUse> uses;
  for (const JsValue& engine : call.argument(0, "engines").items()) {
    uses.emplace_back(engines().at(engine.integer(0, INT32_MAX)));
    uses.back().engine().context.makeCurrent();
  }
  if (uses.empty()) throw NativeError(ErrorCode::Argument, "a phase needs an engine");
  const JsValue value = call.argument(1, "phase");
  const PhaseRecords records = readRecords(value);
  const PhaseOptions options = readOptions(value, uses);
  checkRecords(records, options.order);
  for (const EngineUse& use : uses) {
    use.engine().source();
    use.engine().checkIndices(records.sampleIndices.data, records.sampleIndices.length);
  }
  const int handle = phases().reserve();
  try {
    phases().put(std::make_unique<Phase>(handle, std::move(uses), records, options));
  } catch (...) {
    phases().release(handle);
    throw;
  }
  // The object holds all of its arrays.
  onEnvironmentEnd(call.env, handle, [handle] { endAtEnd(handle); }, {call.arguments[1]});
  return jsNumber(call.env, handle);
}

napi_value callWake(const Call& call) {
  phases().at(handleOf(call)).wake();
  return jsUndefined(call.env);
}

napi_value callWaitCompleted(const Call& call) {
  const int32_t completed = call.argument(1, "completed").integer(0, INT32_MAX);
  const double timeoutNs = call.argument(2, "timeoutNs").number();
  phases().at(handleOf(call)).waitCompleted(completed, static_cast<int64_t>(timeoutNs));
  return jsUndefined(call.env);
}

napi_value callRunInCall(const Call& call) {
  phases()
      .at(handleOf(call))
      .runInCall(call.argument(1, "first").integer(0, INT32_MAX), call.argument(2, "count").integer(0, INT32_MAX));
  return jsUndefined(call.env);
}

napi_value callEndPhase(const Call& call) {
  const int handle = handleOf(call);
  phases().at(handle);
  std::unique_ptr<Phase> phase = phases().take(handle);
  if (!phase->stop()) {
    // Its threads may still look at it, and at the arrays: kept until the process ends.
    phase.release()->throwFailure();
  }
  forget(call.env, handle);
  phase->throwFailure();
  const PhaseFacts facts = phase->facts();
  JsObject byDevice(call.env);
  for (const auto& [device, batches] : facts.batchesByDevice) {
    byDevice.set(std::to_string(device).c_str(), static_cast<double>(batches));
  }
  return JsObject(call.env)
      .set("batches", static_cast<double>(facts.batches))
      .set("samples", static_cast<double>(facts.samples))
      .set("tokens", static_cast<double>(facts.tokens))
      .set("tokens_run", static_cast<double>(facts.tokensRun))
      .set("graph_launches", static_cast<double>(facts.graphLaunches))
      .set("enqueues", static_cast<double>(facts.enqueues))
      .set("batches_by_device", byDevice.value())
      .value();
}

}  // namespace loadrig

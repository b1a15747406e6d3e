// open, describe, inspect, setSamples, warmUp, run, measure, profileLayers, close.

#include <algorithm>

#include "../engine.h"
#include "../environment.h"
#include "../measure.h"
#include "../phase.h"
#include "../tensorrt-libraries.h"
#include "call.h"
#include "engine-values.h"

namespace loadrig {

namespace {

Engine& engineOf(const Call& call) {
  Engine& engine = engines().at(call.argument(0, "engine").integer(0, INT32_MAX));
  engine.context.makeCurrent();
  return engine;
}

/** A hung engine is left as it is. */
void release(std::unique_ptr<Engine> engine) {
  if (engine->isHung) static_cast<void>(engine.release());
}

void closeAtEnd(int handle) {
  auto engine = engines().take(handle);
  if (engine == nullptr) return;
  // A phase of another environment may be using it still: its threads end first.
  if (engine->phase != nullptr) engine->phase->stop();
  release(std::move(engine));
}

std::vector<BatchShape> readShapes(const JsValue& value, const Network& network, bool isGraph) {
  std::vector<BatchShape> shapes;
  for (const JsValue& item : value.items()) {
    const std::vector<JsValue> pair = item.items();
    if (pair.size() != 2) throw NativeError(ErrorCode::Argument, "shapes and graphs are pairs of numbers");
    const int batch = pair[0].count();
    const int size = pair[1].count();
    // Graphs of a packed network are given in tokens, everything else in sequence length.
    shapes.push_back(isGraph ? network.shapeOfGraph(batch, size) : network.shapeOfEqualLengths(batch, size));
  }
  return shapes;
}

}  // namespace

napi_value callOpen(const Call& call) {
  const EngineOptions options = readEngineOptions(call.argument(0, "request"));
  tensorrt();
  const int handle = engines().reserve();
  try {
    engines().put(std::make_unique<Engine>(handle, options));
  } catch (...) {
    engines().release(handle);
    throw;
  }
  onEnvironmentEnd(call.env, handle, [handle] { closeAtEnd(handle); });
  return jsNumber(call.env, handle);
}

napi_value callDescribe(const Call& call) {
  return describeEngine(call.env, engineOf(call));
}

napi_value callInspect(const Call& call) {
  return jsText(call.env, engineOf(call).deserialized->inspection());
}

napi_value callSetSamples(const Call& call) {
  Engine& engine = engineOf(call);
  const EngineUse use(engine);
  engine.setSamples(readSamples(call.argument(1, "samples")));
  return jsUndefined(call.env);
}

napi_value callWarmUp(const Call& call) {
  Engine& engine = engineOf(call);
  const EngineUse use(engine);
  const JsValue request = call.argument(1, "request");
  const auto shapes = readShapes(request.at("shapes"), engine.network, false);
  const auto graphs = readShapes(request.at("graphs"), engine.network, true);
  return jsNumber(call.env, engine.warmUp(shapes, graphs));
}

napi_value callRun(const Call& call) {
  Engine& engine = engineOf(call);
  const EngineUse use(engine);
  const View<int32_t> indices = call.argument(1, "indices").int32s();
  engine.checkIndices(indices.data, indices.length);
  if (indices.length == 0 || indices.length > static_cast<size_t>(engine.network.maxBatch)) {
    throw NativeError(ErrorCode::Argument, "run takes 1 to " + std::to_string(engine.network.maxBatch) +
                                               " samples, got " + std::to_string(indices.length));
  }
  size_t tokens = 0;
  for (size_t i = 0; i < indices.length; i++) tokens += static_cast<size_t>(engine.samples().length(indices[i]));
  float* logits = nullptr;
  napi_value array = jsFloat32s(call.env, tokens * 2, &logits);
  engine.run(indices.data, static_cast<int>(indices.length), logits);
  return array;
}

napi_value callMeasure(const Call& call) {
  Engine& engine = engineOf(call);
  const EngineUse use(engine);
  const Measured measured = measure(engine, readMeasureOrder(call.argument(1, "request")));
  return JsObject(call.env)
      .set("enqueue_ms", jsFloat64s(call.env, measured.enqueueMs))
      .set("h2d_ms", jsFloat64s(call.env, measured.h2dMs))
      .set("compute_ms", jsFloat64s(call.env, measured.computeMs))
      .set("d2h_ms", jsFloat64s(call.env, measured.d2hMs))
      .set("latency_ms", jsFloat64s(call.env, measured.latencyMs))
      .set("samples", static_cast<double>(measured.samples))
      .set("wall_ms", measured.wallMs)
      .value();
}

napi_value callProfileLayers(const Call& call) {
  Engine& engine = engineOf(call);
  const EngineUse use(engine);
  const JsValue request = call.argument(1, "request");
  std::vector<napi_value> layers;
  for (const auto& [layer, ms] :
       profileLayers(engine, request.at("batch").count(), request.at("sequence_length").count(),
                     request.at("iterations").count())) {
    layers.push_back(JsObject(call.env).set("layer", layer).set("ms", ms).value());
  }
  return jsArray(call.env, layers);
}

napi_value callClose(const Call& call) {
  const int handle = call.argument(0, "engine").integer(0, INT32_MAX);
  Engine& engine = engines().at(handle);
  if (!engine.isHung) {
    const EngineUse isIdle(engine);
  }
  release(engines().take(handle));
  forget(call.env, handle);
  return jsUndefined(call.env);
}

}  // namespace loadrig

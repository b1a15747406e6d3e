// Reads requests of the engine calls, and describes an engine.

#include "engine-values.h"

namespace loadrig {

namespace {

napi_value jsDimensions(napi_env env, const Dimensions& dimensions) {
  std::vector<napi_value> items;
  for (const int64_t dimension : dimensions) items.push_back(jsNumber(env, static_cast<double>(dimension)));
  return jsArray(env, items);
}

napi_value jsProfile(napi_env env, const Profile& profile) {
  std::vector<napi_value> ranges;
  for (const DimensionRange& range : profile) {
    ranges.push_back(JsObject(env)
                         .set("tensor", range.tensor)
                         .set("min", jsDimensions(env, range.min))
                         .set("opt", jsDimensions(env, range.opt))
                         .set("max", jsDimensions(env, range.max))
                         .value());
  }
  return jsArray(env, ranges);
}

std::vector<int32_t> copied(const View<int32_t>& view) {
  return {view.data, view.data + view.length};
}

}  // namespace

EngineOptions readEngineOptions(const JsValue& request) {
  EngineOptions options;
  options.device = request.at("device").integer(0, 1023);
  options.planFile = request.at("plan_file").text();
  const JsValue weights = request.at("weights_file");
  if (!weights.isMissing()) options.weightsFile = weights.text();
  options.streams = request.at("streams").integer(1, 64);
  options.slots = request.at("slots").integer(2, 64);
  options.maxBatch = request.at("max_batch").count();
  options.startFromDevice = request.at("start_from_device").flag();
  const std::string wait = request.at("wait").text();
  if (wait != "spin" && wait != "block")
    throw NativeError(ErrorCode::Argument, "wait must be spin or block, got " + wait);
  options.spins = wait == "spin";
  for (const JsValue& cpu : request.at("cpus").items()) options.cpus.push_back(cpu.integer(0, INT32_MAX));
  return options;
}

SampleSet readSamples(const JsValue& samples) {
  SampleSet set{copied(samples.at("tokenIds").int32s()), copied(samples.at("offsets").int32s()),
                copied(samples.at("segmentStarts").int32s())};
  if (set.offsets.size() != set.segmentStarts.size() + 1 || set.segmentStarts.empty()) {
    throw NativeError(ErrorCode::Argument,
                      "samples: offsets must have one element more than segmentStarts, and there "
                      "must be a sample");
  }
  for (int32_t i = 0; i < set.count(); i++) {
    const bool isInside = set.offsets[i] >= 0 && static_cast<size_t>(set.offsets[i + 1]) <= set.tokenIds.size();
    if (isInside && set.length(i) >= 1 && set.segmentStarts[i] >= 0 && set.segmentStarts[i] <= set.length(i)) continue;
    throw NativeError(ErrorCode::Argument,
                      "sample " + std::to_string(i) + " does not lie within tokenIds, or is empty");
  }
  return set;
}

MeasureOrder readMeasureOrder(const JsValue& request) {
  MeasureOrder order;
  order.batch = request.at("batch").count();
  order.sequenceLength = request.at("sequence_length").count();
  order.iterations = request.at("iterations").count();
  order.durationMs = request.at("duration_ms").number();
  order.warmUpMs = request.at("warm_up_ms").number();
  order.useGraph = request.at("use_graph").flag();
  order.copies = request.at("copies").flag();
  order.streams = request.at("streams").count();
  order.idleMs = request.at("idle_ms").number();
  const JsValue sampleOrder = request.at("sample_order");
  if (!sampleOrder.isMissing()) order.sampleOrder = copied(sampleOrder.int32s());
  order.onePass = request.at("one_pass").flag();
  if (order.onePass && order.sampleOrder.empty())
    throw NativeError(ErrorCode::Argument, "one_pass needs a sample_order to pass over");
  for (const JsValue& length : request.at("length_boundaries").items())
    order.lengthBoundaries.push_back(length.count());
  return order;
}

napi_value describeEngine(napi_env env, const Engine& engine) {
  std::vector<napi_value> profiles;
  for (const Profile& profile : engine.network.profiles) profiles.push_back(jsProfile(env, profile));
  return JsObject(env)
      .set("form", std::string(engine.network.form == Form::Padded ? "padded" : "packed"))
      .set("profiles", jsArray(env, profiles))
      .set("max_batch", engine.network.maxBatch)
      .set("max_sequence_length", engine.network.maxLength)
      .set("max_tokens", engine.network.maxTokens)
      .set("activation_bytes", static_cast<double>(engine.deserialized->activationBytes()))
      .set("weight_bytes", static_cast<double>(engine.deserialized->weightBytes()))
      .value();
}

}  // namespace loadrig

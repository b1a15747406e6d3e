// Requests and answers of the engine calls, field by field as in engines/tensorrt/native-engine.ts.
#pragma once

#include "../engine.h"
#include "../js-values.h"
#include "../measure.h"

namespace loadrig {

EngineOptions readEngineOptions(const JsValue& request);
SampleSet readSamples(const JsValue& samples);
MeasureOrder readMeasureOrder(const JsValue& request);
napi_value describeEngine(napi_env env, const Engine& engine);

}  // namespace loadrig

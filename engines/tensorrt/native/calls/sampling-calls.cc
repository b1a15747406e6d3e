// startGpuSampling, stopGpuSampling.

#include "../environment.h"
#include "../gpu-sampling.h"
#include "call.h"

namespace loadrig {

napi_value callStartGpuSampling(const Call& call) {
  const JsValue request = call.argument(0, "request");
  const std::vector<std::string> pciBusIds = request.at("pci_bus_ids").texts();
  const double intervalMs = request.at("interval_ms").integer(1, INT32_MAX);
  const int handle = samplings().reserve();
  try {
    samplings().put(std::make_unique<GpuSampling>(handle, pciBusIds, intervalMs));
  } catch (...) {
    samplings().release(handle);
    throw;
  }
  onEnvironmentEnd(call.env, handle, [handle] { samplings().take(handle); });
  return jsNumber(call.env, handle);
}

napi_value callStopGpuSampling(const Call& call) {
  const int handle = call.argument(0, "sampling").integer(0, INT32_MAX);
  samplings().at(handle);
  const auto sampling = samplings().take(handle);
  forget(call.env, handle);
  std::vector<napi_value> samples;
  for (const GpuSample& sample : sampling->stop()) {
    samples.push_back(JsObject(call.env)
                          .set("at_ns", static_cast<double>(sample.atNs))
                          .set("device", sample.device)
                          .set("sm_clock_mhz", sample.reading.smClockMhz)
                          .set("memory_clock_mhz", sample.reading.memoryClockMhz)
                          .set("power_w", sample.reading.powerW)
                          .set("temperature_c", sample.reading.temperatureC)
                          .set("utilization_percent", sample.reading.utilizationPercent)
                          .set("memory_used_bytes", sample.reading.memoryUsedBytes)
                          .set("throttle_reasons", sample.reading.throttleReasons)
                          .value());
  }
  return jsArray(call.env, samples);
}

}  // namespace loadrig

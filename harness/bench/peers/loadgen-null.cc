// A null SUT for the official C++ LoadGen, through its C++ API: completes inside IssueQuery, with one completion per query.
// Runs one test from `key=value` arguments and prints its times and memory as JSON; the logs hold the rest.

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "loadgen.h"
#include "query_sample.h"
#include "query_sample_library.h"
#include "system_under_test.h"
#include "test_settings.h"

namespace {

using Clock = std::chrono::steady_clock;

double SecondsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

long PeakKib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

struct Moments {
  Clock::time_point loaded;
  Clock::time_point first_issue;
  bool has_issued = false;
};

class BenchLibrary : public mlperf::QuerySampleLibrary {
 public:
  BenchLibrary(size_t samples, Moments& moments) : samples_(samples), moments_(moments) {}
  const std::string& Name() override { return name_; }
  size_t TotalSampleCount() override { return samples_; }
  size_t PerformanceSampleCount() override { return samples_; }
  void LoadSamplesToRam(const std::vector<mlperf::QuerySampleIndex>&) override { moments_.loaded = Clock::now(); }
  void UnloadSamplesFromRam(const std::vector<mlperf::QuerySampleIndex>&) override {}

 private:
  const std::string name_ = "bench";
  const size_t samples_;
  Moments& moments_;
};

class NullSystem : public mlperf::SystemUnderTest {
 public:
  NullSystem(size_t response_bytes, Moments& moments) : response_(response_bytes, 0x5a), moments_(moments) {}
  const std::string& Name() override { return name_; }
  void IssueQuery(const std::vector<mlperf::QuerySample>& samples) override {
    if (!moments_.has_issued) {
      moments_.first_issue = Clock::now();
      moments_.has_issued = true;
    }
    const auto data = reinterpret_cast<uintptr_t>(response_.data());
    if (samples.size() == 1) {
      mlperf::QuerySampleResponse response(samples[0].id, data, response_.size());
      mlperf::QuerySamplesComplete(&response, 1);
      return;
    }
    responses_.clear();
    responses_.reserve(samples.size());
    for (const auto& sample : samples) responses_.emplace_back(sample.id, data, response_.size());
    mlperf::QuerySamplesComplete(responses_.data(), responses_.size());
  }
  void FlushQueries() override {}

 private:
  const std::string name_ = "null";
  const std::vector<uint8_t> response_;
  std::vector<mlperf::QuerySampleResponse> responses_;
  Moments& moments_;
};

class Arguments {
 public:
  Arguments(int count, char** texts) {
    for (int i = 1; i < count; ++i) {
      const std::string text = texts[i];
      const size_t equals = text.find('=');
      values_[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  const std::string& Text(const std::string& key) const { return values_.at(key); }
  uint64_t Integer(const std::string& key) const { return std::strtoull(Text(key).c_str(), nullptr, 10); }
  double Number(const std::string& key) const { return std::strtod(Text(key).c_str(), nullptr); }

 private:
  std::map<std::string, std::string> values_;
};

mlperf::TestScenario ScenarioOf(const std::string& name) {
  if (name == "SingleStream") return mlperf::TestScenario::SingleStream;
  if (name == "MultiStream") return mlperf::TestScenario::MultiStream;
  if (name == "Server") return mlperf::TestScenario::Server;
  return mlperf::TestScenario::Offline;
}

}  // namespace

int main(int count, char** texts) {
  const Arguments given(count, texts);
  mlperf::TestSettings settings;
  settings.scenario = ScenarioOf(given.Text("scenario"));
  settings.mode = given.Text("mode") == "AccuracyOnly" ? mlperf::TestMode::AccuracyOnly : mlperf::TestMode::PerformanceOnly;
  settings.min_query_count = given.Integer("min_query_count");
  settings.min_duration_ms = given.Integer("min_duration_ms");
  settings.single_stream_expected_latency_ns = given.Number("expected_latency_ns");
  settings.multi_stream_expected_latency_ns = given.Number("expected_latency_ns");
  settings.server_target_qps = given.Number("target_qps");
  settings.offline_expected_qps = given.Number("target_qps");
  settings.server_target_latency_ns = given.Integer("target_latency_ns");
  settings.qsl_rng_seed = given.Integer("qsl_rng_seed");
  settings.sample_index_rng_seed = given.Integer("sample_index_rng_seed");
  settings.schedule_rng_seed = given.Integer("schedule_rng_seed");

  mlperf::LogSettings logs;
  logs.log_output.outdir = given.Text("outdir");
  logs.enable_trace = false;

  Moments moments;
  BenchLibrary library(given.Integer("samples"), moments);
  NullSystem system(given.Integer("response_bytes"), moments);
  const long before_kib = PeakKib();
  const auto from = Clock::now();
  mlperf::StartTest(&system, &library, settings, logs);
  const auto to = Clock::now();
  std::printf("{\"wall_s\":%.9f,\"generation_s\":%.9f,\"added_kib\":%ld}\n", SecondsBetween(from, to),
              SecondsBetween(moments.loaded, moments.first_issue), PeakKib() - before_kib);
  return 0;
}

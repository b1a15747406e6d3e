// The addon's pipeline without Node, for the sanitizers: pipeline-check LIBRARIES PLAN. Runs Offline, Server and calls, with and
// without graphs, on two GPUs, and checks every logit. With FAKE_CUDA_LOST_AT set it expects the phase to break instead.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <string>

#include "engines/tensorrt/native/engine.h"
#include "engines/tensorrt/native/phase.h"
#include "engines/tensorrt/native/tensorrt-libraries.h"

using namespace loadrig;

namespace {

constexpr int LONGEST = 64;
constexpr int MAX_BATCH = 8;
constexpr int64_t PATIENCE_NS = 60'000'000'000;

/** A plan as the fake TensorRT reads it (tests/fakes/native/tensorrt/plan.cc). */
void writePlan(const std::string& file, bool isPacked) {
  std::ofstream out(file);
  out << "fake-plan 101600 90 0 0 0 FP32\nNVIDIA H100 80GB HBM3\n";
  const char* third = isPacked ? "position_ids" : "attention_mask";
  const std::string shape = isPacked ? " 1 -1" : " 2 -1 -1";
  for (const char* name : {"input_ids", "token_type_ids", third}) out << "tensor " << name << " 1 3" << shape << "\n";
  if (isPacked) out << "tensor cu_seqlens 1 3 1 -1\ntensor max_seqlen 1 3 1 -1\n";
  out << "tensor logits 0 0" << (isPacked ? " 2 -1 2" : " 3 -1 -1 2") << "\nprofile\n";
  const std::string most = isPacked ? " 1 512" : " 2 8 64";
  for (const char* name : {"input_ids", "token_type_ids", third}) {
    out << "range " << name << (isPacked ? " 1 1" : " 2 1 1") << most << most << "\n";
  }
  if (isPacked) out << "range cu_seqlens 1 2 1 9 1 9\nrange max_seqlen 1 1 1 64 1 64\n";
  out << "layer Identity\nend\n";
}

SampleSet makeSamples() {
  SampleSet samples;
  samples.offsets.push_back(0);
  for (int i = 0; i < 40; i++) {
    const int length = 3 + i * 17 % 59;
    for (int t = 0; t < length; t++) samples.tokenIds.push_back((i * 101 + t * 7919) % 30000);
    samples.offsets.push_back(samples.offsets.back() + length);
    samples.segmentStarts.push_back(1 + length / 2);
  }
  return samples;
}

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "pipeline-check: %s\n", why.c_str());
  std::exit(1);
}

/** What scenarios/phase-records.ts allocates. */
struct Memory {
  explicit Memory(int count)
      : cells(160), indices(count), completed(count), logged(count, 1), slots(count), lengths(count),
        bytes(static_cast<size_t>(count) * LONGEST * 8) {
    for (int i = 0; i < count; i++) indices[i] = i * 13 % 40;
    std::iota(slots.begin(), slots.end(), 0);
    int32_t* cell = cells.data();
    records.issued = SharedCell(cell);
    records.completed = SharedCell(cell + 16);
    records.awaited = SharedCell(cell + 32);
    records.taken = SharedCell(cell + 80);
    records.sleepers = SharedCell(cell + 96);
    records.ended = SharedCell(cell + 112);
    records.responseTooLong = SharedCell(cell + 128);
    records.sampleIndices = {indices.data(), indices.size()};
    records.completedNs = {completed.data(), completed.size()};
    records.isLogged = {logged.data(), logged.size()};
    records.responseSlots = {slots.data(), slots.size()};
    records.responseLengths = {lengths.data(), lengths.size()};
    records.responseBytes = {bytes.data(), bytes.size()};
    records.maxResponseBytes = LONGEST * 8;
  }
  std::vector<int32_t> cells, indices;
  std::vector<double> completed;
  std::vector<uint8_t> logged;
  std::vector<int32_t> slots, lengths;
  std::vector<uint8_t> bytes;
  PhaseRecords records;
};

void check(const Memory& memory, const SampleSet& samples) {
  for (size_t i = 0; i < memory.indices.size(); i++) {
    const int32_t index = memory.indices[i];
    const int length = samples.length(index);
    if (memory.completed[i] == 0 || memory.lengths[i] != length * 8) die("sample " + std::to_string(i) + " has no answer");
    const auto* logits = reinterpret_cast<const float*>(&memory.bytes[i * LONGEST * 8]);
    for (int t = 0; t < length; t++) {
      const int segment = t < samples.segmentStarts[static_cast<size_t>(index)] ? 0 : 1;
      const float expected = static_cast<float>((samples.tokens(index)[t] * 31 + t * 7 + segment * 3 + length) % 1009) / 64.0F - 8.0F;
      if (logits[2 * t] != expected) die("sample " + std::to_string(i) + " is answered wrongly");
    }
  }
}

void runPhase(std::vector<std::unique_ptr<Engine>>& engines, const SampleSet& samples, const char* how, bool useGraphs) {
  Memory memory(200);
  PhaseOptions options;
  options.rules.maxBatch = MAX_BATCH;
  options.useGraphs = useGraphs;
  options.inCall = how[0] == 'c';
  std::vector<EngineUse> uses;
  for (auto& engine : engines) uses.emplace_back(*engine);
  Phase phase(phases().reserve(), std::move(uses), memory.records, options);
  const int count = static_cast<int>(memory.indices.size());
  const auto issue = [&](int end) {
    memory.records.issued.store(end);
    if (memory.records.sleepers.load() > 0) phase.wake();
  };
  if (options.inCall) {
    for (int first = 0; first < count; first += 4) {
      issue(first + 4);
      phase.runInCall(first, 4);
    }
  } else if (how[0] == 's') {
    for (int end = 1; end <= count; end++) {
      if (end % 16 == 0) phase.waitCompleted(end - 1, PATIENCE_NS);
      issue(end);
    }
  } else {
    issue(count);
  }
  if (!options.inCall) phase.waitCompleted(count, PATIENCE_NS);
  phase.stop();
  phase.throwFailure();
  check(memory, samples);
}

}  // namespace

int main(int, char** argv) {
  const bool mustBreak = std::getenv("FAKE_CUDA_LOST_AT") != nullptr;
  try {
    loadTensorrt(argv[1], 0);
    const SampleSet samples = makeSamples();
    for (const bool isPacked : {false, true}) {
      const std::string plan = std::string(argv[2]) + (isPacked ? ".packed" : ".padded");
      writePlan(plan, isPacked);
      std::vector<std::unique_ptr<Engine>> open;
      for (int device = 0; device < 2; device++) {
        EngineOptions options;
        options.device = device;
        options.planFile = plan;
        options.streams = 2;
        options.maxBatch = MAX_BATCH;
        options.spins = device == 0;
        options.startFromDevice = isPacked && device == 1;
        open.push_back(std::make_unique<Engine>(engines().reserve(), options));
        Engine& engine = *open.back();
        engine.context.makeCurrent();
        engine.setSamples(samples);
        engine.warmUp({engine.network.shapeOfEqualLengths(MAX_BATCH, LONGEST)},
                      {engine.network.shapeOfGraph(MAX_BATCH, isPacked ? MAX_BATCH * LONGEST : LONGEST)});
      }
      for (const bool useGraphs : {false, true}) {
        for (const char* how : {"offline", "server", "call"}) runPhase(open, samples, how, useGraphs);
      }
    }
  } catch (const NativeError& error) {
    if (mustBreak && error.code == ErrorCode::Cuda) return 0;
    die(error.what());
  }
  if (mustBreak) die("the GPU was lost and nothing broke");
  return 0;
}

// trtexec's loop over an engine, and the times of its layers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine.h"

namespace loadrig {

/** NativeMeasure of engines/tensorrt/native-run.ts. */
struct MeasureOrder {
  int batch = 1;
  int sequenceLength = 1;
  int iterations = 1;
  double durationMs = 0;
  double warmUpMs = 0;
  bool useGraph = false;
  bool copies = true;
  int streams = 1;
  double idleMs = 0;
  /** QSL indices; empty = made-up tokens. */
  std::vector<int32_t> sampleOrder;
  /** The order once from end to end, whatever iterations and durationMs are. */
  bool onePass = false;
  /** No batch of the order reaches over one of these lengths. */
  std::vector<int> lengthBoundaries;
};

/** One value per query, in order of issue. */
struct Measured {
  std::vector<double> enqueueMs;
  std::vector<double> h2dMs;
  std::vector<double> computeMs;
  std::vector<double> d2hMs;
  std::vector<double> latencyMs;
  long samples = 0;
  double wallMs = 0;
};

Measured measure(Engine& engine, const MeasureOrder& order);

/** Mean milliseconds of each layer, in the order they run. */
std::vector<std::pair<std::string, double>> profileLayers(Engine& engine, int batch, int sequenceLength,
                                                          int iterations);

}  // namespace loadrig

// Times of layers from TensorRT's own profiler: slower than a run, right in proportion.

#include <map>

#include "measure.h"

namespace loadrig {

std::vector<std::pair<std::string, double>> profileLayers(Engine& engine, int batch, int sequenceLength,
                                                          int iterations) {
  InferenceStream& stream = engine.streams.front();
  Slot& slot = stream.slot(0);
  const BatchShape shape = engine.network.shapeOfEqualLengths(batch, sequenceLength);
  engine.fillSlot(stream, slot, shape);

  std::vector<std::pair<std::string, double>> layers;
  std::map<std::string, size_t> places;
  bool isWarm = false;
  const auto context = stream.createContext(shape.profile);
  context->reportLayers([&](const char* name, float ms) {
    if (!isWarm) return;
    const auto [place, isNew] = places.emplace(name, layers.size());
    if (isNew) layers.emplace_back(name, 0.0);
    layers[place->second].second += ms;
  });
  stream.bind(*context, slot, shape);
  for (int i = 0; i <= iterations; i++) {
    if (!context->enqueue(stream.computeStream().get())) stream.fail("enqueueV3");
    stream.computeStream().synchronize();
    isWarm = true;
  }
  for (auto& [name, ms] : layers) ms /= iterations;
  return layers;
}

}  // namespace loadrig

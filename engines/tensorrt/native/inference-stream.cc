// Issues batches: gather → H2D → compute (a graph, or enqueueV3) → D2H.

#include "inference-stream.h"

#include <algorithm>
#include <string>

namespace loadrig {

namespace {

// CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: what other threads do meanwhile does not disturb.
constexpr int CAPTURE_THREAD_LOCAL = 1;

}  // namespace

InferenceStream::InferenceStream(Backend& backend, DeserializedEngine& engine, const Network& network,
                                 const StreamOptions& options)
    : backend_(backend),
      engine_(engine),
      network_(network),
      activationBytes_(engine.activationBytes()),
      activations_(activationBytes_, "the activations of an inference stream"),
      emptyLengths_(static_cast<size_t>(network.maxLength) * sizeof(int32_t), "the lengths") {
  for (int i = 0; i < options.slots; i++) slots_.emplace_back(network, options.waiting);
  for (size_t profile = 0; profile < network.profiles.size(); profile++) {
    contexts_.push_back(createContext(static_cast<int>(profile)));
  }
  compute_.synchronize();
}

std::unique_ptr<ExecutionContext> InferenceStream::createContext(int profile) {
  auto context = engine_.createContext(profile, compute_.get());
  if (context == nullptr) fail("createExecutionContext");
  context->setDeviceMemory(activations_.get(), activationBytes_);
  return context;
}

void InferenceStream::fail(const char* call) {
  // TensorRT may tell no more than that it could not: the cause lies with another thread's work.
  throw NativeError(ErrorCode::Cuda, std::string(call) + " failed" + backend_.lastErrors() + standingErrorText());
}

const CapturedGraph* InferenceStream::findGraph(const Slot& slot, const BatchSize& size) const {
  for (const CapturedGraph& graph : slot.graphs) {
    if (graph.shape.holds(network_.form, size)) return &graph;
  }
  return nullptr;
}

const CapturedGraph* InferenceStream::plan(Slot& slot, const InputSource& source, bool useGraphs, Issued& issued) {
  issued.size = sizeOf(*source.samples, slot.batch());
  const CapturedGraph* graph = useGraphs ? findGraph(slot, issued.size) : nullptr;
  issued.byGraph = graph != nullptr;
  if (graph != nullptr) {
    issued.shape = graph->shape;
  } else if (!network_.findShape(issued.size, issued.shape)) {
    throw NativeError(ErrorCode::Argument, "no profile holds " + std::to_string(issued.size.samples) +
                                               " samples with " + std::to_string(issued.size.tokens) +
                                               " tokens, the longest with " + std::to_string(issued.size.longest));
  }
  return graph;
}

void InferenceStream::upload(Slot& slot, const InputSource& source, const BatchShape& shape, const CudaStream& stream) {
  if (source.onDevice != nullptr) {
    source.onDevice->gather(*source.samples, slot.batch(), shape, slot.inputs.get(),
                            static_cast<int32_t*>(slot.hostInputs.get()), stream);
    return;
  }
  writeInputs(network_.form, *source.samples, slot.batch(), shape, slot.hostInputs.get());
  uploadAsIs(slot, shape, stream);
}

void InferenceStream::uploadAsIs(Slot& slot, const BatchShape& shape, const CudaStream& stream) {
  cuda().memcpyHtoDAsync(slot.inputs.get(), slot.hostInputs.get(), InputLayout(network_.form, shape).bytes,
                         stream.get());
}

void InferenceStream::download(Slot& slot, const Issued& issued, const CudaStream& stream) {
  const int tokens = network_.form == Form::Padded ? issued.size.samples * issued.shape.size : issued.size.tokens;
  cuda().memcpyDtoHAsync(slot.hostLogits.get(), slot.logits.get(), static_cast<size_t>(tokens) * 2 * sizeof(float),
                         stream.get());
}

void InferenceStream::bind(ExecutionContext& context, Slot& slot, const BatchShape& shape) {
  const InputLayout layout(network_.form, shape);
  const auto set = [&](const char* tensor, DevicePointer memory, std::initializer_list<int64_t> dimensions) {
    if (!context.setInputShape(tensor, dimensions.begin(), static_cast<int>(dimensions.size()))) fail("setInputShape");
    if (!context.setTensorAddress(tensor, memory)) fail("setTensorAddress");
  };
  const DevicePointer block = slot.inputs.get();
  if (network_.form == Form::Padded) {
    set("input_ids", block + layout.offsets[0], {shape.batch, shape.size});
    set("token_type_ids", block + layout.offsets[1], {shape.batch, shape.size});
    set("attention_mask", block + layout.offsets[2], {shape.batch, shape.size});
  } else {
    set("input_ids", block + layout.offsets[0], {shape.size});
    set("token_type_ids", block + layout.offsets[1], {shape.size});
    set("position_ids", block + layout.offsets[2], {shape.size});
    set("cu_seqlens", block + layout.cuSeqlensOffset, {shape.batch + 1});
    if (network_.takesLongest) set("max_seqlen", emptyLengths_.get(), {shape.longest});
  }
  if (!context.setTensorAddress("logits", slot.logits.get())) fail("setTensorAddress");
}

void InferenceStream::enqueue(Slot& slot, const BatchShape& shape) {
  ExecutionContext& context = *contexts_[static_cast<size_t>(shape.profile)];
  bind(context, slot, shape);
  if (!context.enqueue(compute_.get())) fail("enqueueV3");
}

void InferenceStream::compute(Slot& slot, const CapturedGraph* graph, const BatchShape& shape) {
  if (graph != nullptr)
    graph->graph.launch(compute_);
  else
    enqueue(slot, shape);
}

Issued InferenceStream::issue(Slot& slot, const InputSource& source, bool useGraphs) {
  Issued issued;
  const CapturedGraph* graph = plan(slot, source, useGraphs, issued);
  upload(slot, source, issued.shape, slot.copyStream);
  slot.h2dDone.record(slot.copyStream);
  compute_.waitFor(slot.h2dDone.get());
  compute(slot, graph, issued.shape);
  slot.computeDone.record(compute_);
  slot.copyStream.waitFor(slot.computeDone.get());
  download(slot, issued, slot.copyStream);
  slot.d2hDone.record(slot.copyStream);
  return issued;
}

Issued InferenceStream::issueInOrder(Slot& slot, const InputSource& source, bool useGraphs) {
  Issued issued;
  const CapturedGraph* graph = plan(slot, source, useGraphs, issued);
  upload(slot, source, issued.shape, compute_);
  compute(slot, graph, issued.shape);
  download(slot, issued, compute_);
  slot.d2hDone.record(compute_);
  return issued;
}

const CapturedGraph* InferenceStream::findGraphOf(const Slot& slot, const BatchShape& shape) const {
  for (const CapturedGraph& graph : slot.graphs) {
    if (graph.shape.batch == shape.batch && graph.shape.size == shape.size && graph.shape.longest == shape.longest) {
      return &graph;
    }
  }
  return nullptr;
}

void InferenceStream::capture(const BatchShape& shape) {
  for (Slot& slot : slots_) {
    // Uncaptured first: what TensorRT sets up for a new shape must not become part of the graph.
    enqueue(slot, shape);
    compute_.synchronize();
    cuda().streamBeginCapture(compute_.get(), CAPTURE_THREAD_LOCAL);
    const bool isEnqueued = contexts_[static_cast<size_t>(shape.profile)]->enqueue(compute_.get());
    CudaGraphHandle captured = nullptr;
    const int result = cuda().streamEndCapture.attempt(compute_.get(), &captured);
    if (!isEnqueued) fail("enqueueV3 while a CUDA graph was captured");
    if (result != 0) throwCuda(cuda().streamEndCapture.name, result);
    CapturedGraph graph{shape, CudaGraph(captured)};
    cuda().graphUpload(graph.graph.get(), compute_.get());
    graph.graph.launch(compute_);
    compute_.synchronize();
    const auto place = std::find_if(slot.graphs.begin(), slot.graphs.end(), [&](const CapturedGraph& other) {
      return other.shape.tokensRun(network_.form) > shape.tokensRun(network_.form);
    });
    slot.graphs.insert(place, std::move(graph));
  }
}

bool InferenceStream::drain() noexcept {
  bool isDone = cuda().streamSynchronize.attempt(compute_.get()) == 0;
  for (Slot& slot : slots_) isDone = cuda().streamSynchronize.attempt(slot.copyStream.get()) == 0 && isDone;
  return isDone;
}

}  // namespace loadrig

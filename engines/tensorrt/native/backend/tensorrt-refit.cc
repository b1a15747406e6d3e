// Weights from an ONNX file into an engine that was built without them.

#include <memory>

#include "library.h"

namespace loadrig::LOADRIG_BACKEND {

#if LOADRIG_HEADERS >= 1000
void refit(Library& library, nvinfer1::ICudaEngine& engine, const std::string& weightsFile) {
  const auto fail = [&](const std::string& what) {
    throw NativeError(ErrorCode::TensorrtEngine,
                      "the weights of " + weightsFile + " cannot be filled in: " + what + library.logger.takeErrors());
  };
  if (library.files->parser == nullptr) fail("libnvonnxparser is missing");
  using CreateRefitter = void* (*)(void*, void*, int32_t);
  const auto createRefitter = Library::find<CreateRefitter>(library.files->infer, "createInferRefitter_INTERNAL");
  const std::unique_ptr<nvinfer1::IRefitter> refitter(
      static_cast<nvinfer1::IRefitter*>(createRefitter(&engine, &library.logger, library.files->version)));
  if (refitter == nullptr) fail("createInferRefitter failed");
  using CreateParser = void* (*)(void*, void*, int);
  const auto createParser = Library::find<CreateParser>(library.files->parser, "createNvOnnxParserRefitter_INTERNAL");
  const std::unique_ptr<nvonnxparser::IParserRefitter> parser(static_cast<nvonnxparser::IParserRefitter*>(
      createParser(refitter.get(), &library.logger, NV_ONNX_PARSER_VERSION)));
  if (parser == nullptr) fail("createNvOnnxParserRefitter failed");
  // From the file, so that external data beside it is found.
  if (!parser->refitFromFile(weightsFile.c_str())) fail("the file does not fit the network");
  const int32_t missing = refitter->getMissingWeights(0, nullptr);
  if (missing > 0) fail(std::to_string(missing) + " weights of the engine are not in it");
  if (!refitter->refitCudaEngine()) fail("refitCudaEngine failed");
}
#else
void refit(Library&, nvinfer1::ICudaEngine&, const std::string&) {
  throw NativeError(ErrorCode::Argument, "TensorRT 8 fills in no weights from ONNX; TensorRT 10 does");
}
#endif

}  // namespace loadrig::LOADRIG_BACKEND

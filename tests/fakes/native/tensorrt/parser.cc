// The fake libnvonnxparser.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "plan.h"
#include "stubs.h"

extern "C" void* fakeTensorrtGraph(nvinfer1::INetworkDefinition* network);
extern "C" void fakeTensorrtGiveWeights(nvinfer1::IRefitter* refitter);
extern "C" nvinfer1::IPluginRegistry* getPluginRegistry() noexcept;

namespace fake {

[[noreturn]] void unknownCall(const char* function) {
  std::fprintf(stderr, "the fake parser has no %s: add it to tests/fakes/native/tensorrt\n", function);
  std::abort();
}

namespace {

class ParserError final : public nvonnxparser::StubIParserError {
 public:
  ParserError(std::string text, int node, std::string op) : text_(std::move(text)), node_(node), operator_(std::move(op)) {}
  nvonnxparser::ErrorCode code() const override { return nvonnxparser::ErrorCode::kUNSUPPORTED_NODE; }
  char const* desc() const override { return text_.c_str(); }
  char const* file() const override { return "parser.cc"; }
  int line() const override { return 1; }
  char const* func() const override { return "parse"; }
  int node() const override { return node_; }
  char const* nodeName() const override { return name_.c_str(); }
  char const* nodeOperator() const override { return operator_.c_str(); }

 private:
  std::string text_;
  int node_;
  std::string operator_;
  std::string name_ = "node_" + std::to_string(node_);
};

class Parser final : public nvonnxparser::StubIParser {
 public:
  Parser(nvinfer1::INetworkDefinition* network, nvinfer1::ILogger* logger)
      : graph_(*static_cast<OnnxGraph*>(fakeTensorrtGraph(network))), logger_(logger) {}

  bool parse(void const* bytes, size_t size, const char* path) noexcept override {
    if (!readOnnx(bytes, size, graph_)) return refuse("the bytes are no ONNX model", -1, "");
    for (const auto& file : graph_.dataFiles) {
      const std::string model = path == nullptr ? "" : path;
      const std::string whole = model.substr(0, model.rfind('/') + 1) + file;
      if (access(whole.c_str(), R_OK) != 0) return refuse("Failed to open file: " + whole, -1, "");
    }
    for (const auto& [op, version] : graph_.plugins) {
      if (getPluginRegistry()->getCreator(op.c_str(), version.c_str(), "") != nullptr) continue;
      return refuse("Plugin not found, are the plugin name, version, and namespace correct? (" + op + " version " + version + ")", 0, op);
    }
    return true;
  }
  bool parseFromFile(char const* file, int) noexcept override {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    return in ? parse(bytes.str().data(), bytes.str().size(), file) : refuse(std::string("could not open file ") + file, -1, "");
  }
  int getNbErrors() const noexcept override { return static_cast<int>(errors_.size()); }
  nvonnxparser::IParserError const* getError(int index) const noexcept override { return &errors_.at(index); }
  void clearErrors() noexcept override { errors_.clear(); }
  void setFlag(nvonnxparser::OnnxParserFlag) noexcept override {}
  void setFlags(nvonnxparser::OnnxParserFlags) noexcept override {}
  void clearFlag(nvonnxparser::OnnxParserFlag) noexcept override {}
  nvonnxparser::OnnxParserFlags getFlags() const noexcept override { return 0; }

 private:
  bool refuse(const std::string& why, int node, const std::string& op) {
    errors_.emplace_back(why, node, op);
    logger_->log(nvinfer1::ILogger::Severity::kERROR, why.c_str());
    return false;
  }
  OnnxGraph& graph_;
  nvinfer1::ILogger* logger_;
  std::vector<ParserError> errors_;
};

/** Gives a refitter the weights of any ONNX model that it can read whole. */
class ParserRefitter final : public nvonnxparser::StubIParserRefitter {
 public:
  ParserRefitter(nvinfer1::IRefitter* refitter, nvinfer1::ILogger* logger) : refitter_(refitter), logger_(logger) {}
  bool refitFromFile(char const* file) noexcept override {
    OnnxGraph graph;
    std::ifstream in(file, std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    if (!in || !readOnnx(bytes.str().data(), bytes.str().size(), graph)) {
      logger_->log(nvinfer1::ILogger::Severity::kERROR, "the bytes are no ONNX model");
      return false;
    }
    fakeTensorrtGiveWeights(refitter_);
    return true;
  }
  int getNbErrors() const noexcept override { return 0; }
  nvonnxparser::IParserError const* getError(int) const noexcept override { return nullptr; }
  void clearErrors() noexcept override {}

 private:
  nvinfer1::IRefitter* refitter_;
  nvinfer1::ILogger* logger_;
};

}  // namespace
}  // namespace fake

extern "C" __attribute__((visibility("default"))) void* createNvOnnxParserRefitter_INTERNAL(void* refitter, void* logger, int) noexcept {
  return static_cast<nvonnxparser::IParserRefitter*>(
      new fake::ParserRefitter(static_cast<nvinfer1::IRefitter*>(refitter), static_cast<nvinfer1::ILogger*>(logger)));
}

extern "C" __attribute__((visibility("default"))) void* createNvOnnxParser_INTERNAL(void* network, void* logger, int) noexcept {
  return static_cast<nvonnxparser::IParser*>(
      new fake::Parser(static_cast<nvinfer1::INetworkDefinition*>(network), static_cast<nvinfer1::ILogger*>(logger)));
}

extern "C" __attribute__((visibility("default"))) int getNvOnnxParserVersion() noexcept { return NV_ONNX_PARSER_VERSION; }

// Reads of an ONNX file what the fake parser needs, from the protobuf wire format.
#include <cstring>
#include <functional>

#include "plan.h"

namespace fake {
namespace {

struct Bytes {
  const uint8_t* at;
  const uint8_t* end;
  std::string text() const { return {reinterpret_cast<const char*>(at), static_cast<size_t>(end - at)}; }
};

bool varint(Bytes& bytes, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && bytes.at < bytes.end; shift += 7) {
    const uint8_t byte = *bytes.at++;
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

/** Calls `visit` with each field: its number, and its bytes or its value. False when the message is broken. */
bool fields(Bytes bytes, const std::function<void(int, Bytes, uint64_t)>& visit) {
  while (bytes.at < bytes.end) {
    uint64_t key = 0, value = 0;
    if (!varint(bytes, key)) return false;
    Bytes inner{bytes.at, bytes.at};
    switch (key & 7) {
      case 0:
        if (!varint(bytes, value)) return false;
        break;
      case 1:
      case 5: {
        const long width = (key & 7) == 1 ? 8 : 4;
        if (bytes.end - bytes.at < width) return false;
        bytes.at += width;
        break;
      }
      case 2:
        if (!varint(bytes, value) || value > static_cast<uint64_t>(bytes.end - bytes.at)) return false;
        inner = {bytes.at, bytes.at + value};
        bytes.at += value;
        break;
      default:
        return false;
    }
    visit(static_cast<int>(key >> 3), inner, value);
  }
  return true;
}

/** nvinfer1::DataType of ONNX's element type. */
int typeOf(uint64_t element) {
  switch (element) {
    case 10: return 1;  // float16
    case 3: return 2;   // int8
    case 6: return 3;   // int32
    default: return 0;  // float
  }
}

TensorInfo tensorOf(Bytes bytes, bool isInput) {
  TensorInfo tensor{"", isInput, 0, {}};
  fields(bytes, [&](int field, Bytes inner, uint64_t) {
    if (field == 1) tensor.name = inner.text();
    if (field != 2) return;
    fields(inner, [&](int, Bytes type, uint64_t) {
      fields(type, [&](int part, Bytes shape, uint64_t element) {
        if (part == 1) tensor.type = typeOf(element);
        if (part != 2) return;
        fields(shape, [&](int, Bytes dimension, uint64_t) {
          int64_t size = -1;
          fields(dimension, [&](int kind, Bytes, uint64_t value) {
            if (kind == 1) size = static_cast<int64_t>(value);
          });
          tensor.shape.push_back(size);
        });
      });
    });
  });
  return tensor;
}

void readNode(Bytes bytes, OnnxGraph& graph) {
  std::string op, version;
  fields(bytes, [&](int field, Bytes inner, uint64_t) {
    if (field == 4) op = inner.text();
    if (field != 5) return;
    std::string name, text;
    fields(inner, [&](int part, Bytes value, uint64_t) {
      if (part == 1) name = value.text();
      if (part == 4) text = value.text();
    });
    if (name == "plugin_version") version = text;
  });
  graph.operators.push_back(op);
  if (op.find("Plugin") != std::string::npos) graph.plugins.emplace_back(op, version);
}

void readInitializer(Bytes bytes, OnnxGraph& graph) {
  fields(bytes, [&](int field, Bytes inner, uint64_t value) {
    if (field == 2 && value == 10) graph.weightType = "FP16";
    if (field == 2 && value == 3) graph.weightType = "Int8";
    if (field != 13) return;
    std::string key, text;
    fields(inner, [&](int part, Bytes entry, uint64_t) { (part == 1 ? key : text) = entry.text(); });
    if (key == "location") graph.dataFiles.push_back(text);
  });
}

}  // namespace

bool readOnnx(const void* bytes, size_t size, OnnxGraph& graph) {
  const auto* start = static_cast<const uint8_t*>(bytes);
  bool isWhole = true;
  const bool isModel = fields({start, start + size}, [&](int field, Bytes inner, uint64_t) {
    if (field != 7) return;
    isWhole &= fields(inner, [&](int part, Bytes value, uint64_t) {
      if (part == 1) readNode(value, graph);
      if (part == 5) readInitializer(value, graph);
      if (part == 11 || part == 12) graph.tensors.push_back(tensorOf(value, part == 11));
    });
  });
  return isModel && isWhole && !graph.tensors.empty();
}

}  // namespace fake

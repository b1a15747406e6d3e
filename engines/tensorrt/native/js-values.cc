// Reads and makes JavaScript values through Node-API.

#include "js-values.h"

#include <cmath>
#include <cstring>

namespace loadrig {

void checkNode(napi_env env, napi_status status, const char* call) {
  if (status == napi_ok) return;
  const napi_extended_error_info* details = nullptr;
  napi_get_last_error_info(env, &details);
  const char* text = details != nullptr ? details->error_message : nullptr;
  throw NativeError(ErrorCode::State, std::string(call) + ": " + (text != nullptr ? text : "failed"));
}

JsValue JsValue::at(const char* key) const {
  napi_valuetype type;
  checkNode(env_, napi_typeof(env_, value_, &type), "napi_typeof");
  if (type != napi_object) refuse("an object");
  napi_value property;
  checkNode(env_, napi_get_named_property(env_, value_, key, &property), "napi_get_named_property");
  return JsValue(env_, property, key);
}

bool JsValue::isMissing() const {
  napi_valuetype type;
  checkNode(env_, napi_typeof(env_, value_, &type), "napi_typeof");
  return type == napi_undefined || type == napi_null;
}

double JsValue::number() const {
  double number;
  if (napi_get_value_double(env_, value_, &number) != napi_ok || !std::isfinite(number)) refuse("a finite number");
  return number;
}

int32_t JsValue::integer(int32_t min, int32_t max) const {
  const double value = number();
  if (value != std::floor(value) || value < min || value > max) {
    throw NativeError(ErrorCode::Argument, std::string(name_) + " must be a whole number from " + std::to_string(min) +
                                               " to " + std::to_string(max) + ", got " + std::to_string(value));
  }
  return static_cast<int32_t>(value);
}

bool JsValue::flag() const {
  bool flag;
  if (napi_get_value_bool(env_, value_, &flag) != napi_ok) refuse("true or false");
  return flag;
}

std::string JsValue::text() const {
  size_t length;
  if (napi_get_value_string_utf8(env_, value_, nullptr, 0, &length) != napi_ok) refuse("a string");
  std::string text(length, '\0');
  checkNode(env_, napi_get_value_string_utf8(env_, value_, text.data(), length + 1, &length), "napi_get_value_string");
  return text;
}

std::vector<JsValue> JsValue::items() const {
  uint32_t length;
  if (napi_get_array_length(env_, value_, &length) != napi_ok) refuse("an array");
  std::vector<JsValue> items;
  items.reserve(length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value item;
    checkNode(env_, napi_get_element(env_, value_, i, &item), "napi_get_element");
    items.emplace_back(env_, item, name_);
  }
  return items;
}

std::vector<std::string> JsValue::texts() const {
  std::vector<std::string> texts;
  for (const JsValue& item : items()) texts.push_back(item.text());
  return texts;
}

std::vector<int64_t> JsValue::integers() const {
  std::vector<int64_t> integers;
  for (const JsValue& item : items()) integers.push_back(static_cast<int64_t>(item.number()));
  return integers;
}

std::vector<std::string> JsValue::keys() const {
  napi_value names;
  if (napi_get_property_names(env_, value_, &names) != napi_ok) refuse("an object");
  return JsValue(env_, names, name_).texts();
}

void* JsValue::typedArray(napi_typedarray_type type, const char* typeName, size_t& length) const {
  napi_typedarray_type found;
  void* memory;
  // The array buffer that is handed out with it is no ArrayBuffer where the memory is shared; it is not asked for.
  if (napi_get_typedarray_info(env_, value_, &found, &length, &memory, nullptr, nullptr) != napi_ok || found != type) {
    refuse(typeName);
  }
  return memory;
}

void JsValue::refuse(const char* allowed) const {
  throw NativeError(ErrorCode::Argument, std::string(name_) + " must be " + allowed);
}

napi_value jsUndefined(napi_env env) {
  napi_value value;
  checkNode(env, napi_get_undefined(env, &value), "napi_get_undefined");
  return value;
}

napi_value jsNull(napi_env env) {
  napi_value value;
  checkNode(env, napi_get_null(env, &value), "napi_get_null");
  return value;
}

napi_value jsNumber(napi_env env, double number) {
  napi_value value;
  checkNode(env, napi_create_double(env, number, &value), "napi_create_double");
  return value;
}

napi_value jsText(napi_env env, const std::string& text) {
  napi_value value;
  checkNode(env, napi_create_string_utf8(env, text.data(), text.size(), &value), "napi_create_string_utf8");
  return value;
}

napi_value jsTextOrNull(napi_env env, const std::string& text) {
  return text.empty() ? jsNull(env) : jsText(env, text);
}

napi_value jsArray(napi_env env, const std::vector<napi_value>& items) {
  napi_value array;
  checkNode(env, napi_create_array_with_length(env, items.size(), &array), "napi_create_array");
  for (uint32_t i = 0; i < items.size(); i++) {
    checkNode(env, napi_set_element(env, array, i, items[i]), "napi_set_element");
  }
  return array;
}

napi_value jsTexts(napi_env env, const std::vector<std::string>& texts) {
  std::vector<napi_value> items;
  for (const std::string& text : texts) items.push_back(jsText(env, text));
  return jsArray(env, items);
}

static napi_value newTypedArray(napi_env env, napi_typedarray_type type, size_t length, size_t bytes, void** memory) {
  napi_value buffer;
  napi_value array;
  checkNode(env, napi_create_arraybuffer(env, bytes, memory, &buffer), "napi_create_arraybuffer");
  checkNode(env, napi_create_typedarray(env, type, length, buffer, 0, &array), "napi_create_typedarray");
  return array;
}

napi_value jsFloat64s(napi_env env, const std::vector<double>& values) {
  void* memory = nullptr;
  const size_t bytes = values.size() * sizeof(double);
  napi_value array = newTypedArray(env, napi_float64_array, values.size(), bytes, &memory);
  if (bytes > 0) std::memcpy(memory, values.data(), bytes);
  return array;
}

napi_value jsFloat32s(napi_env env, size_t length, float** memory) {
  void* address = nullptr;
  napi_value array = newTypedArray(env, napi_float32_array, length, length * sizeof(float), &address);
  *memory = static_cast<float*>(address);
  return array;
}

JsObject::JsObject(napi_env env) : env_(env) {
  checkNode(env, napi_create_object(env, &value_), "napi_create_object");
}

JsObject& JsObject::set(const char* key, napi_value value) {
  checkNode(env_, napi_set_named_property(env_, value_, key, value), "napi_set_named_property");
  return *this;
}

}  // namespace loadrig

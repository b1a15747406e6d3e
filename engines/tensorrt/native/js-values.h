// Values from and for JavaScript, checked as they are read: what is wrong is an ERR_ARGUMENT that names the value.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>
#include <vector>

#include "native-error.h"

namespace loadrig {

/** Throws what Node-API has to say where a call failed. */
void checkNode(napi_env env, napi_status status, const char* call);

/** Memory of a typed array; valid while the array is referenced. */
template <class T>
struct View {
  T* data = nullptr;
  size_t length = 0;
  T& operator[](size_t i) const { return data[i]; }
};

/** A value handed over by JavaScript, and the name that messages call it by. */
class JsValue {
 public:
  JsValue(napi_env env, napi_value value, const char* name) : env_(env), value_(value), name_(name) {}

  napi_value raw() const { return value_; }
  /** The property `key`; undefined where there is none. */
  JsValue at(const char* key) const;
  /** undefined or null. */
  bool isMissing() const;

  double number() const;
  int32_t integer(int32_t min, int32_t max) const;
  int32_t count() const { return integer(1, INT32_MAX); }
  bool flag() const;
  std::string text() const;
  std::vector<JsValue> items() const;
  std::vector<std::string> texts() const;
  std::vector<int64_t> integers() const;
  std::vector<std::string> keys() const;

  View<int32_t> int32s() const { return view<int32_t>(napi_int32_array, "Int32Array"); }
  View<double> float64s() const { return view<double>(napi_float64_array, "Float64Array"); }
  View<uint8_t> bytes() const { return view<uint8_t>(napi_uint8_array, "Uint8Array"); }

 private:
  template <class T>
  View<T> view(napi_typedarray_type type, const char* typeName) const {
    return {static_cast<T*>(typedArray(type, typeName, length_)), length_};
  }
  void* typedArray(napi_typedarray_type type, const char* typeName, size_t& length) const;
  [[noreturn]] void refuse(const char* allowed) const;

  napi_env env_;
  napi_value value_;
  const char* name_;
  mutable size_t length_ = 0;
};

napi_value jsUndefined(napi_env env);
napi_value jsNull(napi_env env);
napi_value jsNumber(napi_env env, double value);
napi_value jsText(napi_env env, const std::string& value);
napi_value jsTextOrNull(napi_env env, const std::string& value);
napi_value jsArray(napi_env env, const std::vector<napi_value>& items);
napi_value jsTexts(napi_env env, const std::vector<std::string>& items);
napi_value jsFloat64s(napi_env env, const std::vector<double>& values);
/** A new Float32Array; `memory` receives its address. */
napi_value jsFloat32s(napi_env env, size_t length, float** memory);

/** An object under construction. */
class JsObject {
 public:
  explicit JsObject(napi_env env);
  JsObject& set(const char* key, napi_value value);
  JsObject& set(const char* key, double value) { return set(key, jsNumber(env_, value)); }
  JsObject& set(const char* key, const std::string& value) { return set(key, jsText(env_, value)); }
  napi_value value() const { return value_; }

 private:
  napi_env env_;
  napi_value value_ = nullptr;
};

}  // namespace loadrig

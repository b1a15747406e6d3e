// TensorRT's log: keeps errors for messages, and passes lines on while a build listens.
#pragma once

#include <algorithm>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "backend.h"
#include "tensorrt-headers.h"

namespace loadrig::LOADRIG_BACKEND {

class Logger final : public nvinfer1::ILogger {
 public:
  using Sink = std::function<void(std::string)>;

  void log(Severity severity, nvinfer1::AsciiChar const* text) noexcept override {
    const int level = static_cast<int>(severity);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (level <= static_cast<int>(Severity::kERROR)) keep(errors_, text);
    if (severity == Severity::kWARNING) keep(warnings_, text);
    if (sink_ && level <= lowest_) sink_(std::string(NAMES[std::min(level, 4)]) + ": " + text);
  }

  /** Passes on lines down to a severity; an empty sink stops that. */
  void listen(loadrig::Severity lowest, Sink sink) {
    const std::lock_guard<std::mutex> lock(mutex_);
    lowest_ = static_cast<int>(lowest);
    sink_ = std::move(sink);
  }

  std::vector<std::string> takeWarnings() { return take(warnings_); }

  /** ": " and the errors since the last call, or nothing. */
  std::string takeErrors() {
    std::string text;
    for (const std::string& line : take(errors_)) text += (text.empty() ? ": " : "; ") + line;
    return text;
  }

 private:
  /** Warnings repeat per layer, errors per retry: each line once, and no more than anyone reads. */
  static void keep(std::vector<std::string>& lines, const char* text) {
    if (lines.size() < 50 && std::find(lines.begin(), lines.end(), text) == lines.end()) lines.emplace_back(text);
  }

  std::vector<std::string> take(std::vector<std::string>& lines) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(lines, {});
  }

  static constexpr const char* NAMES[] = {"internal error", "error", "warning", "info", "verbose"};
  std::mutex mutex_;
  std::vector<std::string> errors_;
  std::vector<std::string> warnings_;
  int lowest_ = 0;
  Sink sink_;
};

}  // namespace loadrig::LOADRIG_BACKEND

// Numbers for JavaScript in place of addresses: one table per kind of thing and process, so that every thread's
// environment can use them.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "native-error.h"

namespace loadrig {

/** Never used for two things: also the key of environment.h. */
inline int nextHandleRound() {
  static std::atomic<int> round{0};
  return ++round;
}

/** T must have a public `const int handle`. Looking up takes no lock; closing a thing while it is used is the user's
 * fault. */
template <class T>
class HandleTable {
 public:
  explicit HandleTable(const char* kind) : kind_(kind) {}

  /** A number for a thing to be made. */
  int reserve() {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (int place = 0; place < CAPACITY; place++) {
      if (isReserved_[place]) continue;
      isReserved_[place] = true;
      return nextHandleRound() * CAPACITY + place;
    }
    throw NativeError(ErrorCode::State, std::string("too many open at once: ") + kind_);
  }

  void put(std::unique_ptr<T> thing) { places_[thing->handle % CAPACITY].store(thing.release()); }

  T& at(int handle) const {
    T* thing = places_[handle % CAPACITY].load();
    if (thing == nullptr || thing->handle != handle) {
      throw NativeError(ErrorCode::State,
                        std::string("there is no ") + kind_ + " " + std::to_string(handle) + " (closed already?)");
    }
    return *thing;
  }

  /** Takes it out of the table; nullptr where another thread was faster. */
  std::unique_ptr<T> take(int handle) {
    T* thing = places_[handle % CAPACITY].load();
    if (thing == nullptr || thing->handle != handle) return nullptr;
    std::unique_ptr<T> taken(places_[handle % CAPACITY].exchange(nullptr));
    release(handle);
    return taken;
  }

  /** For a thing that was not made after all. */
  void release(int handle) {
    const std::lock_guard<std::mutex> lock(mutex_);
    isReserved_[handle % CAPACITY] = false;
  }

 private:
  static constexpr int CAPACITY = 256;
  const char* kind_;
  std::mutex mutex_;
  std::array<bool, CAPACITY> isReserved_{};
  std::array<std::atomic<T*>, CAPACITY> places_{};
};

}  // namespace loadrig

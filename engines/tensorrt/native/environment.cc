// Keeps a list per environment and runs it in Node's cleanup hook: process.exit, an uncaught exception, terminate, the
// end.

#include "environment.h"

#include <cstdlib>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "js-values.h"

namespace loadrig {

namespace {

struct Ending {
  int key;
  std::function<void()> end;
  std::vector<napi_ref> kept;
};

struct Environment {
  napi_env env;
  std::vector<Ending> endings;
};

std::mutex mutex;
/** Never destroyed: the exit handler may run after static objects are gone. */
std::set<Environment*>& environments() {
  static auto* all = new std::set<Environment*>;
  return *all;
}

void letGo(napi_env env, const Ending& ending) {
  for (napi_ref reference : ending.kept) napi_delete_reference(env, reference);
}

/** `isAlive`: JavaScript values may still be touched. */
void endAll(Environment& environment, bool isAlive) {
  while (!environment.endings.empty()) {
    const Ending ending = std::move(environment.endings.back());
    environment.endings.pop_back();
    try {
      ending.end();
    } catch (const std::exception&) {
      // Nobody is left to be told; what broke was told to whoever waited.
    }
    if (isAlive) letGo(environment.env, ending);
  }
}

void endEnvironment(void* data) {
  const std::unique_ptr<Environment> environment(static_cast<Environment*>(data));
  {
    const std::lock_guard<std::mutex> lock(mutex);
    environments().erase(environment.get());
  }
  endAll(*environment, true);
}

/** Registered after the first engine opened, so that it runs before the exit handlers of CUDA and TensorRT. */
void endAtExit() {
  const std::lock_guard<std::mutex> lock(mutex);
  for (Environment* environment : environments()) endAll(*environment, false);
}

Environment* environmentOf(napi_env env) {
  void* data = nullptr;
  checkNode(env, napi_get_instance_data(env, &data), "napi_get_instance_data");
  return static_cast<Environment*>(data);
}

}  // namespace

void watchEnvironment(napi_env env) {
  auto environment = std::make_unique<Environment>();
  environment->env = env;
  checkNode(env, napi_set_instance_data(env, environment.get(), nullptr, nullptr), "napi_set_instance_data");
  checkNode(env, napi_add_env_cleanup_hook(env, endEnvironment, environment.get()), "napi_add_env_cleanup_hook");
  const std::lock_guard<std::mutex> lock(mutex);
  environments().insert(environment.release());
}

void onEnvironmentEnd(napi_env env, int key, std::function<void()> end, std::initializer_list<napi_value> kept) {
  Ending ending{key, std::move(end), {}};
  for (napi_value value : kept) {
    napi_ref reference;
    checkNode(env, napi_create_reference(env, value, 1, &reference), "napi_create_reference");
    ending.kept.push_back(reference);
  }
  environmentOf(env)->endings.push_back(std::move(ending));
  static const int registered = std::atexit(endAtExit);
  static_cast<void>(registered);
}

void forget(napi_env env, int key) {
  auto& endings = environmentOf(env)->endings;
  for (size_t i = 0; i < endings.size(); i++) {
    if (endings[i].key != key) continue;
    letGo(env, endings[i]);
    endings.erase(endings.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
}

}  // namespace loadrig

// Keeps a list per environment and runs it in Node's cleanup hook: process.exit, an uncaught exception, terminate, the
// end.

#include "environment.h"

#include <memory>
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

void letGo(napi_env env, const Ending& ending) {
  for (napi_ref reference : ending.kept) napi_delete_reference(env, reference);
}

void endEnvironment(void* data) {
  const std::unique_ptr<Environment> environment(static_cast<Environment*>(data));
  while (!environment->endings.empty()) {
    const Ending ending = std::move(environment->endings.back());
    environment->endings.pop_back();
    try {
      ending.end();
    } catch (const std::exception&) {
      // Nobody is left to be told; what broke was told to whoever waited.
    }
    letGo(environment->env, ending);
  }
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
  environment.release();
}

void onEnvironmentEnd(napi_env env, int key, std::function<void()> end, std::initializer_list<napi_value> kept) {
  Ending ending{key, std::move(end), {}};
  for (napi_value value : kept) {
    napi_ref reference;
    checkNode(env, napi_create_reference(env, value, 1, &reference), "napi_create_reference");
    ending.kept.push_back(reference);
  }
  environmentOf(env)->endings.push_back(std::move(ending));
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

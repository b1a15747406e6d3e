// What each JavaScript environment (main thread, worker) owns: when it ends, in whatever way, its threads are joined
// and its handles are closed before its memory goes.
#pragma once

#include <node_api.h>

#include <functional>
#include <initializer_list>

namespace loadrig {

/** Called once as an environment loads the addon. */
void watchEnvironment(napi_env env);

/**
 * The environment's end runs `end`, the latest first, unless `forget` was called for the same key before. `kept` are
 * values whose memory other threads use: they stay alive until `end` ran or `forget` was called.
 */
void onEnvironmentEnd(napi_env env, int key, std::function<void()> end, std::initializer_list<napi_value> kept = {});
/** Lets go of what was kept. From another environment than the owner's this does nothing: the owner's end does it. */
void forget(napi_env env, int key);

}  // namespace loadrig

// Graphs of the fake libcuda: the recorded work, replayed on the stream of the launch.
#include "streams.h"

using namespace fake;

/** What a launch replays; kept alive by launches that still run. */
struct GraphExec {
  std::shared_ptr<const Graph> graph;
};

FAKE_EXPORT int cuGraphInstantiateWithFlags(GraphExec** exec, Graph* graph, unsigned long long) {
  FAKE_ENTER(cuGraphInstantiateWithFlags, context);
  if (graph == nullptr) return invalidValue;
  *exec = new GraphExec{std::make_shared<const Graph>(*graph)};
  count("graph executables", 1);
  return ok;
}

FAKE_EXPORT int cuGraphGetNodes(Graph* graph, void**, size_t* nodes) {
  FAKE_ENTER(cuGraphGetNodes, context);
  *nodes = graph->works.size();
  return ok;
}

FAKE_EXPORT int cuGraphUpload(GraphExec*, Stream*) {
  FAKE_ENTER(cuGraphUpload, context);
  return ok;
}

FAKE_EXPORT int cuGraphLaunch(GraphExec* exec, Stream* stream) {
  FAKE_ENTER(cuGraphLaunch, context);
  if (exec == nullptr) return invalidValue;
  return submit(stream, [graph = exec->graph] {
    for (const auto& work : graph->works) work();
  });
}

FAKE_EXPORT int cuGraphDestroy(Graph* graph) {
  FAKE_ENTER(cuGraphDestroy, context);
  delete graph;
  count("graphs", -1);
  return ok;
}

FAKE_EXPORT int cuGraphExecDestroy(GraphExec* exec) {
  FAKE_ENTER(cuGraphExecDestroy, context);
  delete exec;
  count("graph executables", -1);
  return ok;
}

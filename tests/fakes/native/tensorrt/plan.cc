// Writes and reads the fake's plans.
#include "plan.h"

#include <sstream>

namespace fake {
namespace {

void put(std::ostringstream& out, const std::vector<int64_t>& values) {
  out << ' ' << values.size();
  for (const auto value : values) out << ' ' << value;
}

std::vector<int64_t> take(std::istringstream& in) {
  size_t count = 0;
  in >> count;
  std::vector<int64_t> values(count < 9 ? count : 0);
  for (auto& value : values) in >> value;
  return values;
}

}  // namespace

std::string write(const Plan& plan) {
  std::ostringstream out;
  out << "fake-plan " << plan.version << ' ' << plan.computeCapability << ' ' << plan.isVersionCompatible << ' '
      << plan.isHardwareCompatible << ' ' << plan.isDetailed << ' ' << plan.isRefittable << ' ' << plan.isStripped << ' ' << plan.weightType << '\n'
      << plan.gpu << '\n';
  for (const auto& tensor : plan.tensors) {
    out << "tensor " << tensor.name << ' ' << tensor.isInput << ' ' << tensor.type;
    put(out, tensor.shape);
    out << '\n';
  }
  for (const auto& profile : plan.profiles) {
    out << "profile\n";
    for (const auto& [name, range] : profile) {
      out << "range " << name;
      for (const auto* shape : {&range.min, &range.opt, &range.max}) put(out, *shape);
      out << '\n';
    }
  }
  for (const auto& layer : plan.layers) out << "layer " << layer << '\n';
  out << "end\n";
  return out.str();
}

bool read(const std::string& text, Plan& plan) {
  if (text.size() < 4 || text.compare(text.size() - 4, 4, "end\n") != 0) return false;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  std::istringstream first(line);
  std::string word;
  first >> word >> plan.version >> plan.computeCapability >> plan.isVersionCompatible >> plan.isHardwareCompatible >>
      plan.isDetailed >> plan.isRefittable >> plan.isStripped >> plan.weightType;
  if (word != "fake-plan") return false;
  std::getline(lines, plan.gpu);
  while (std::getline(lines, line)) {
    std::istringstream in(line);
    std::string name;
    in >> word >> name;
    if (word == "tensor") {
      TensorInfo tensor{name, false, 0, {}};
      in >> tensor.isInput >> tensor.type;
      tensor.shape = take(in);
      plan.tensors.push_back(tensor);
    } else if (word == "profile") {
      plan.profiles.emplace_back();
    } else if (word == "range") {
      plan.profiles.back()[name] = {take(in), take(in), take(in)};
    } else if (word == "layer") {
      plan.layers.push_back(name);
    }
  }
  return true;
}

}  // namespace fake

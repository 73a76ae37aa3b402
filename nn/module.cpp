#include "nn/module.h"

#include <algorithm>
#include <set>
#include <typeinfo>

#include <cxxabi.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/call.h"
#include "core/error.h"
#include "core/settings.h"
#include "ops/unary.h"

namespace tessera::nn {

namespace {

// The modules whose forward runs on this thread, outermost first. When an error passes, the
// innermost one notes the path.
struct Running {
  std::vector<std::string> path;
  std::string failed;
};
thread_local Running running;

class Entered {
 public:
  explicit Entered(std::string name) { running.path.push_back(std::move(name)); }
  ~Entered() { running.path.pop_back(); }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;
};

std::string joined(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

std::string listed(const char* what, const std::vector<std::string>& names) {
  constexpr size_t kShown = 8;
  if (names.empty()) return "";
  const auto end = names.begin() + static_cast<long>(std::min(kShown, names.size()));
  const std::string more =
      names.size() > kShown ? fmt::format(" and {} more", names.size() - kShown) : "";
  return fmt::format("\n  {} {}: {}{}", names.size(), what, fmt::join(names.begin(), end, ", "),
                     more);
}

bool ignored(const std::string& name) {
  return name == "num_batches_tracked" || name.ends_with(".num_batches_tracked");
}

}  // namespace

std::string StateDictMatch::str() const {
  return listed("missing", missing) + listed("unexpected", unexpected) +
         listed("of another shape", mismatched);
}

Tensor Module::forward(const Tensor&) {
  fail(fmt::format("{}: it does not take one tensor; see its operator()", type_name()));
}

Tensor Module::operator()(const Operand& x) {
  const auto body = [&] { return forward(x); };
  if (!children_.empty()) return run({x}, body);
  // What a layer builds is attributed to the line that uses the layer.
  const Call call("forward", x.where);
  return run({x}, body);
}

Tensor Module::run(std::span<const Tensor> inputs, const std::function<Tensor()>& body) {
  const bool outermost = running.path.empty();
  const Entered entered(outermost ? type_name() : name_);
  Tensor output;
  try {
    output = body();
  } catch (const Error& error) {
    if (running.failed.empty()) running.failed = fmt::format("{}", fmt::join(running.path, "."));
    if (!outermost) throw;
    const std::string where = std::exchange(running.failed, {});
    throw Error(fmt::format("{}\n  in {} ({})", error.what(), where, type_name()));
  }
  for (const auto& entry : hooks_) {
    const Tensor replacement = entry.second(*this, inputs, output);
    if (replacement.defined()) output = replacement;
  }
  return output;
}

void Module::train(bool on) {
  apply([on](Module& module) { module.training_ = on; });
}

void Module::collect(const std::string& prefix, Named Module::*list, Named& out) const {
  for (const auto& entry : this->*list) out.emplace_back(joined(prefix, entry.first), entry.second);
  for (const auto& child : children_) child.second->collect(joined(prefix, child.first), list, out);
}

std::vector<std::pair<std::string, Tensor>> Module::named_parameters() const {
  Named out;
  collect("", &Module::parameters_, out);
  return out;
}

std::vector<std::pair<std::string, Tensor>> Module::named_buffers() const {
  Named out;
  collect("", &Module::buffers_, out);
  return out;
}

Tensors Module::parameters() const {
  Tensors out;
  for (const auto& entry : named_parameters()) out.push_back(entry.second);
  return out;
}

int64_t Module::parameter_count() const {
  int64_t count = 0;
  for (const Tensor& parameter : parameters()) count += parameter.numel();
  return count;
}

std::vector<std::pair<std::string, Module*>> Module::named_modules() {
  std::vector<std::pair<std::string, Module*>> out{{"", this}};
  for (size_t next = 0; next < out.size(); ++next) {
    // Children right behind their parent: depth first, in the order of add.
    const auto [prefix, module] = out[next];
    size_t place = next + 1;
    for (const auto& child : module->children_) {
      out.insert(out.begin() + static_cast<long>(place++),
                 {joined(prefix, child.first), child.second.get()});
    }
  }
  return out;
}

void Module::apply(const std::function<void(Module&)>& f) {
  f(*this);
  for (const auto& child : children_) child.second->apply(f);
}

Module& Module::find(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : named_modules()) {
    if (entry.first == path) return *entry.second;
    if (!entry.first.empty()) names.push_back(entry.first);
  }
  fail(fmt::format("find: {} has no module '{}'; it has {}", type_name(), path,
                   fmt::join(names, ", ")));
}

StateDict Module::state_dict() const {
  StateDict state;
  const auto note = [&](const Named& entries) {
    for (const auto& entry : entries) {
      state[entry.first] = Tensor(entry.second.value_node());
    }
  };
  note(named_parameters());
  note(named_buffers());
  return state;
}

StateDictMatch Module::load_state_dict(const StateDict& state, bool strict) {
  Named own = named_parameters();
  std::ranges::move(named_buffers(), std::back_inserter(own));

  StateDictMatch match;
  std::vector<std::pair<Tensor, Tensor>> fitting;
  std::set<std::string> known;
  for (const auto& entry : own) {
    const auto& [name, variable] = entry;
    known.insert(name);
    const auto found = state.find(name);
    if (found == state.end()) {
      match.missing.push_back(name);
    } else if (found->second.shape() != variable.shape()) {
      match.mismatched.push_back(
          fmt::format("{} is {}, not {}", name, found->second.shape(), variable.shape()));
    } else {
      fitting.emplace_back(variable, found->second);
    }
  }
  for (const auto& entry : state) {
    if (!known.contains(entry.first) && !ignored(entry.first)) {
      match.unexpected.push_back(entry.first);
    }
  }
  require(!strict || match.complete(),
          "load_state_dict: the state does not fit {}{}\n  nothing was loaded; allow it to take "
          "over what fits",
          type_name(), match.str());
  Tensors loaded;
  for (const auto& entry : fitting) {
    entry.first.update(cast(entry.second, entry.first.dtype()));
    loaded.push_back(entry.first);
  }
  tessera::eval(loaded);
  return match;
}

int Module::add_forward_hook(ForwardHook hook) {
  hooks_.emplace_back(next_hook_, std::move(hook));
  return next_hook_++;
}

void Module::remove_hook(int id) {
  std::erase_if(hooks_, [id](const auto& entry) { return entry.first == id; });
}

std::string Module::type_name() const {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, &status), std::free);
  std::string name = status == 0 ? text.get() : typeid(*this).name();
  name.resize(std::min(name.find('<'), name.size()));  // without template arguments
  const size_t scope = name.rfind("::");
  return scope == std::string::npos ? name : name.substr(scope + 2);
}

void Module::require_new_name(const std::string& name) const {
  require(!name.empty() && name.find('.') == std::string::npos,
          "add: a name must not be empty nor hold a dot, got '{}' in {}", name, type_name());
  const auto named = [&](const auto& entry) { return entry.first == name; };
  require(std::ranges::none_of(parameters_, named) && std::ranges::none_of(buffers_, named) &&
              std::ranges::none_of(children_, named),
          "add: {} already has a member named '{}'", type_name(), name);
}

Tensor Module::add_parameter(const std::string& name, const Tensor& init) {
  require_new_name(name);
  return parameters_.emplace_back(name, variable(init)).second;
}

Tensor Module::add_buffer(const std::string& name, const Tensor& init) {
  require_new_name(name);
  return buffers_.emplace_back(name, variable(init)).second;
}

Module& Module::add_child(const std::string& name, std::unique_ptr<Module> child) {
  require_new_name(name);
  require(child != nullptr, "add: the module for '{}' of {} is null", name, type_name());
  child->name_ = name;
  return *children_.emplace_back(name, std::move(child)).second;
}

}  // namespace tessera::nn

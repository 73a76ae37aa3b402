#include "core/evaluator.h"

#include <algorithm>
#include <iterator>
#include <list>
#include <mutex>
#include <typeinfo>
#include <unordered_map>

#include "core/backend.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/index.h"
#include "core/layout.h"
#include "core/op.h"
#include "core/precision.h"

namespace tessera {

namespace {

using detail::at;

// Plans by signature, the least recently used dropped first.
class PlanCache {
 public:
  std::shared_ptr<const Plan> find(const std::string& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front().plan;
  }
  void insert(const std::string& key, std::shared_ptr<const Plan> plan) {
    entries_.push_front({key, std::move(plan)});
    index_[entries_.front().key] = entries_.begin();
    if (entries_.size() > kCapacity) {
      index_.erase(entries_.back().key);
      entries_.pop_back();
    }
  }

 private:
  static constexpr size_t kCapacity = 512;
  struct Entry {
    std::string key;
    std::shared_ptr<const Plan> plan;
  };
  std::list<Entry> entries_;
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
};

// The evaluator's state; one evaluation runs at a time.
struct State {
  std::recursive_mutex mutex;
  PlanCache plans;
  EvaluatorStats stats;
  StepObserver observer;
  uint64_t mark = 0;
};

State& state() {
  static State* all = new State;  // tensors with static lifetime may be evaluated late
  return *all;
}

class Evaluation {
 public:
  Evaluation(State& shared, Device device, bool release)
      : state_(shared), device_(device), release_(release) {}

  void collect(std::span<const Tensor> targets) {
    mark_ = ++state_.mark;
    std::vector<Node*> stack;
    for (const Tensor& target : targets) {
      if (target.defined()) stack.push_back(target.value_node());
    }
    while (!stack.empty()) {
      Node* node = stack.back();
      stack.pop_back();
      if (node->mark == mark_) continue;
      node->mark = mark_;
      nodes_.push_back(node);
      if (in_memory(*node)) continue;
      for (int i = 0; i < node->inputs(); ++i) stack.push_back(node->input(i));
    }
    // Creation order is a topological order, and the one the user wrote.
    std::sort(nodes_.begin(), nodes_.end(),
              [](const Node* a, const Node* b) { return a->id < b->id; });
    for (size_t v = 0; v < nodes_.size(); ++v) nodes_[v]->position = static_cast<int>(v);
    for (const Tensor& target : targets) {
      if (target.defined()) wanted_.push_back(target.value_node()->position);
    }
  }

  bool anything_pending() const {
    return std::any_of(nodes_.begin(), nodes_.end(),
                       [](const Node* node) { return !in_memory(*node); });
  }

  Graph graph() const {
    Graph graph;
    graph.vertices.resize(nodes_.size());
    for (size_t v = 0; v < nodes_.size(); ++v) {
      Vertex& vertex = graph.vertices[v];
      vertex.node = nodes_[v];
      vertex.pending = !in_memory(*nodes_[v]);
      if (!vertex.pending) continue;
      const bool reshapes = dynamic_cast<const ReshapeOp*>(vertex.node->op.get()) != nullptr;
      for (int i = 0; i < nodes_[v]->inputs(); ++i) {
        const bool read = i == 0 || !reshapes;
        (read ? vertex.inputs : vertex.origins).push_back(nodes_[v]->input(i)->position);
      }
    }
    for (const int v : wanted_) graph.vertices[at(v)].wanted = true;
    return graph;
  }

  void decide_fates() {
    fates_.resize(nodes_.size());
    std::vector<int64_t> uses(nodes_.size(), 0);
    std::vector<char> reachable(nodes_.size(), 0);
    for (size_t v = 0; v < nodes_.size(); ++v) {
      Node& node = *nodes_[v];
      bool history = false;  // some input can be asked for a gradient
      if (in_memory(node)) {
        reachable[v] = node_reachable(node);
        if (!reachable[v]) node.drop_inputs();
        continue;
      }
      for (int i = 0; i < node.inputs(); ++i) {
        const size_t input = at(node.input(i)->position);
        ++uses[input];
        history = history || reachable[input];
      }
      history = history && !node.constant && !node.detached;
      fates_[v].cut = release_ || !history;
      reachable[v] = !node.constant && (node.handles() > 0 || history);
    }
    for (size_t v = 0; v < nodes_.size(); ++v) {
      fates_[v].is_private = nodes_[v]->handles() == 0 && nodes_[v]->uses() == uses[v];
    }
  }

  std::string signature() const {
    std::string key;
    key.reserve(nodes_.size() * 48);
    const Fusion& rules = settings().fusion;
    append_key(key, rules.inline_single, rules.recompute, rules.siblings, rules.rows,
               rules.epilogues, rules.channels_last);
    append_key(key, device_.kind, device_.index, strict_f32());
    for (size_t v = 0; v < nodes_.size(); ++v) {
      const Node& node = *nodes_[v];
      append_key(key, node.dtype, static_cast<char>(fates_[v].is_private | (fates_[v].cut << 1)));
      append_key(key, node.shape);
      if (in_memory(node)) {
        key.push_back(is_scalar_node(node) ? 's' : 'm');
        continue;
      }
      key.push_back('p');
      const Op& op = *node.op;
      append_key(key, typeid(op).name(), op.name().data(), node.inputs());
      op.key(key);
      for (int i = 0; i < node.inputs(); ++i) append_key(key, node.input(i)->position);
    }
    for (const int v : wanted_) append_key(key, v);
    return key;
  }

  std::shared_ptr<const Plan> make() const {
    Graph pending = graph();
    if (settings().fusion.channels_last && backend(device_).channels_last())
      choose_formats(pending, fates_);
    Plan plan = make_plan(pending, fates_, settings().fusion, device_ != Device::cpu());
    for (Group& step : plan.steps) {
      if (step.kind == Group::Kind::program) step.prepared = backend(device_).prepare(step.program);
    }
    return std::make_shared<const Plan>(std::move(plan));
  }

  // `first`: the plan has not run before.
  void run(const std::shared_ptr<const Plan>& reusable, bool first) {
    const Plan& plan = *reusable;
    ++state_.stats.evaluations;
    const size_t count = nodes_.size();
    std::vector<std::byte*> data(count, nullptr);
    std::vector<Ref<Buffer>> owned(count);
    const Ref<Buffer> arena = allocate(plan.arena_bytes, device_);
    const Ref<Buffer> numbers = place_numbers(data);
    for (size_t v = 0; v < count; ++v) {
      const Place& place = plan.places[v];
      if (place.kind == Place::Kind::existing && nodes_[v]->evaluated())
        data[v] = nodes_[v]->value->data;
      if (place.kind == Place::Kind::arena) data[v] = arena->data + place.offset;
      if (place.kind == Place::Kind::alias) data[v] = data[at(place.source)];
    }
    const auto place_output = [&](int v) {
      const Place& place = plan.places[at(v)];
      if (place.kind != Place::Kind::owned || owned[at(v)]) return;
      // A donor's block is taken over only when its node is the last to hold it.
      const bool take = place.donor >= 0 && nodes_[at(place.donor)]->value->references.load() == 1;
      owned[at(v)] =
          take ? nodes_[at(place.donor)]->value : allocate(nodes_[at(v)]->bytes(), device_);
      owned[at(v)]->on_host = {};
      data[at(v)] = owned[at(v)]->data;
    };
    for (const Group& step : plan.steps) {
      for (const int v : step.outputs) place_output(v);
      if (!step.joined) ++state_.stats.steps;
    }
    for (size_t v = 0; v < count; ++v) {
      if (plan.places[v].kind == Place::Kind::lent) data[v] = data[at(plan.places[v].source)];
    }
    const auto work = [&] {
      for (size_t s = 0; s < plan.steps.size(); ++s) {
        const Group& step = plan.steps[s];
        const bool joins = s + 1 < plan.steps.size() && plan.steps[s + 1].joined;
        run_step(step, joins ? &plan.steps[++s] : nullptr, plan, data);
      }
      backend(device_).finish();
    };
    if (device_ == Device::cpu() || state_.observer) {
      work();
    } else {
      if (first) backend(device_).rehearse(work);
      replays_work() ? backend(device_).run_plan(reusable, footprint(plan, data), work) : work();
    }
    commit(plan, owned);
  }

 private:
  // What the launches of a run depend on besides the plan.
  std::string footprint(const Plan& plan, const std::vector<std::byte*>& data) const {
    std::string key;
    for (const std::byte* address : data) append_key(key, address);
    for (const Group& step : plan.steps) {
      const CallSite& site = nodes_[at(step.outputs[0])]->site;
      append_key(key, site.file, site.line);
    }
    return key;
  }

  // Points `data` to the numbers: to the nodes that hold them on the processor, else to a block
  // with copies, made by one transfer.
  Ref<Buffer> place_numbers(std::vector<std::byte*>& data) {
    constexpr size_t size = sizeof(Node::scalar);
    std::vector<std::byte> values;
    std::vector<size_t> places;
    for (size_t v = 0; v < nodes_.size(); ++v) {
      Node& node = *nodes_[v];
      if (!is_scalar_node(node) || node.evaluated()) continue;
      data[v] = node.scalar;
      if (device_ == Device::cpu()) continue;
      values.insert(values.end(), node.scalar, node.scalar + size);
      places.push_back(v);
    }
    if (places.empty()) return {};
    Ref<Buffer> block = allocate(static_cast<int64_t>(values.size()), device_);
    backend(device_).write(block->data, values.data(), block->bytes);
    for (size_t i = 0; i < places.size(); ++i) data[places[i]] = block->data + i * size;
    return block;
  }

  // Whether a gradient request can name this node or something behind it.
  bool node_reachable(const Node& start) {
    constexpr size_t kEnough = 1 << 16;  // then it is assumed
    if (start.constant) return false;
    std::vector<const Node*> stack{&start}, seen;
    const uint64_t mark = ++state_.mark;
    size_t visited = 0;
    while (!stack.empty()) {
      const Node* node = stack.back();
      stack.pop_back();
      if (node->constant || node->reach_mark == mark) continue;
      if (node->handles() > 0 || ++visited > kEnough) return true;
      node->reach_mark = mark;
      if (node->detached) continue;
      for (int i = 0; i < node->inputs(); ++i) stack.push_back(node->input(i));
    }
    return false;
  }

  // `joined` is the program that runs together with the step, or null.
  void run_step(const Group& step, const Group* joined, const Plan& plan,
                const std::vector<std::byte*>& data) {
    const double begin = state_.observer ? now() : 0;
    const auto pointer = [&](int v) {
      const Place& place = plan.places[at(v)];
      return data[at(place.kind == Place::Kind::alias ? place.source : v)];
    };
    const CallAt user_line(nodes_[at(step.outputs[0])]->site);
    const auto slots_of = [&](const Group& program) {
      std::vector<std::byte*> slots;
      for (const int v : program.inputs) slots.push_back(pointer(v));
      for (const int v : program.outputs) slots.push_back(pointer(v));
      return slots;
    };
    if (step.kind == Group::Kind::program) {
      backend(device_).run(step, slots_of(step));
    } else {
      const auto array = [&](int v) {
        return Array{pointer(v), nodes_[at(v)]->shape, nodes_[at(v)]->dtype,
                     plan.places[at(v)].format};
      };
      std::vector<Array> inputs;
      for (const int v : step.inputs) inputs.push_back(array(v));
      const auto& op = static_cast<const KernelOp&>(*nodes_[at(step.outputs[0])]->op);
      if (joined) {
        backend(device_).run_joined(op, inputs, array(step.outputs[0]), *joined, slots_of(*joined));
      } else {
        backend(device_).run(op, inputs, array(step.outputs[0]));
      }
    }
    if (!state_.observer) return;
    const double end = now();
    state_.observer({&step, nodes_, begin, end});
    if (joined) state_.observer({joined, nodes_, end, end});
  }

  // Hands the results to their nodes and forgets what nobody can ask for. Only now, so that an
  // error in the middle leaves everything as it was.
  void commit(const Plan& plan, std::vector<Ref<Buffer>>& owned) {
    // Dropping inputs may free nodes of this very list.
    std::vector<Ref<Node>> keep;
    keep.reserve(nodes_.size());
    for (Node* node : nodes_) keep.emplace_back(node);
    for (size_t v = 0; v < nodes_.size(); ++v) {
      const Place& place = plan.places[v];
      Node& node = *nodes_[v];
      if (place.kind == Place::Kind::owned) {
        node.value = owned[v];
        describe(*node.value, node);
      }
      if (place.kind == Place::Kind::alias) {
        const Place& source = plan.places[at(place.source)];
        Node& other = *nodes_[at(place.source)];
        if (source.kind == Place::Kind::owned) node.value = owned[at(place.source)];
        if (source.kind == Place::Kind::existing)
          node.value = other.evaluated() ? other.value : copy_of_scalar(other);
      }
      if (plan.cut[v]) node.drop_inputs();
    }
    if (release_) {
      for (const int v : wanted_) nodes_[at(v)]->drop_inputs();
    }
  }

  Ref<Buffer> copy_of_scalar(const Node& node) const {
    Ref<Buffer> buffer = allocate(static_cast<int64_t>(sizeof node.scalar), device_);
    backend(device_).write(buffer->data, node.scalar, buffer->bytes);
    return buffer;
  }

  State& state_;
  const Device device_;
  const bool release_;
  uint64_t mark_ = 0;
  std::vector<Node*> nodes_;
  std::vector<int> wanted_;
  std::vector<Fate> fates_;
};

void evaluate_on(Device device, std::span<const Tensor> targets, bool release) {
  State& shared = state();
  Evaluation evaluation(shared, device, release);
  evaluation.collect(targets);
  if (!evaluation.anything_pending() && !release) return;
  evaluation.decide_fates();
  const std::string key = evaluation.signature();
  std::shared_ptr<const Plan> plan = shared.plans.find(key);
  const bool first = !plan;
  if (first) {
    plan = evaluation.make();
    shared.plans.insert(key, plan);
    ++shared.stats.plans_made;
  }
  evaluation.run(plan, first);
}

// Values only cross from one device to another by transfers, which have theirs from the start, so
// the graphs of two devices have no pending node in common.
void evaluate(std::span<const Tensor> targets, bool release) {
  const std::lock_guard lock(state().mutex);
  std::vector<Device> devices;
  for (const Tensor& target : targets) {
    if (target.defined() && std::ranges::find(devices, target.device()) == devices.end())
      devices.push_back(target.device());
  }
  if (devices.size() <= 1) {
    evaluate_on(devices.empty() ? Device::cpu() : devices[0], targets, release);
    return;
  }
  for (const Device device : devices) {
    Tensors own;
    std::ranges::copy_if(targets, std::back_inserter(own), [&](const Tensor& target) {
      return target.defined() && target.device() == device;
    });
    evaluate_on(device, own, release);
  }
}

}  // namespace

void eval(std::span<const Tensor> targets) {
  evaluate(targets, false);
}

void eval_and_release(std::span<const Tensor> targets) {
  Tensors all(targets.begin(), targets.end());
  std::ranges::move(pending_updates(), std::back_inserter(all));
  evaluate(all, true);
}

EvaluatorStats evaluator_stats() {
  const std::lock_guard lock(state().mutex);
  return state().stats;
}

StepObserver set_step_observer(StepObserver observer) {
  const std::lock_guard lock(state().mutex);
  return std::exchange(state().observer, std::move(observer));
}

Graph pending_graph(std::span<const Tensor> targets) {
  const std::lock_guard lock(state().mutex);
  Evaluation evaluation(state(), Device::cpu(), false);
  evaluation.collect(targets);
  return evaluation.graph();
}

}  // namespace tessera

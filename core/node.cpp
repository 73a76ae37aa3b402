#include "core/node.h"

#include "core/op.h"
#include "core/slab.h"

namespace tessera {

static std::atomic<uint64_t> next_id{1};
static std::atomic<int64_t> node_count{0};

int64_t live_nodes() {
  return node_count.load(std::memory_order_relaxed);
}

Node::Node(std::shared_ptr<const Op> node_op, const Shape& node_shape, DType node_dtype)
    : op(std::move(node_op)),
      shape(node_shape),
      dtype(node_dtype),
      site(call_site()),
      id(next_id.fetch_add(1, std::memory_order_relaxed)) {
  node_count.fetch_add(1, std::memory_order_relaxed);
}

Node::~Node() {
  node_count.fetch_sub(1, std::memory_order_relaxed);
}

void* Node::operator new(size_t bytes) {
  return slab_allocate(bytes);
}
void Node::operator delete(void* memory) noexcept {
  slab_free(memory, sizeof(Node));
}

void Node::set_inputs(const Ref<Node>* first, int count) {
  if (count > 3) {
    more_inputs_ = std::make_unique<Ref<Node>[]>(static_cast<size_t>(count));
    input_ = more_inputs_.get();
  }
  for (int i = 0; i < count; ++i) input_[i] = first[i];
  inputs_ = count;
}

void Node::drop_inputs() {
  const int count = inputs_;
  inputs_ = 0;
  for (int i = 0; i < count; ++i) input_[i] = Ref<Node>();
}

// Deleting a node releases its inputs, which may delete them in turn. A history can be millions of
// nodes long, so the chain is worked off here as a list and not by recursion.
void Node::remove_owner(uint64_t kind) {
  if (owners_.fetch_sub(kind, std::memory_order_acq_rel) != kind) return;
  static thread_local Node* dying = nullptr;
  static thread_local bool working = false;
  next_dying_ = dying;
  dying = this;
  if (working) return;
  working = true;
  while (dying != nullptr) {
    Node* node = dying;
    dying = node->next_dying_;
    delete node;
  }
  working = false;
}

void acquire(Node* node) {
  node->owners_.fetch_add(Node::kUse, std::memory_order_relaxed);
}
void release(Node* node) {
  node->remove_owner(Node::kUse);
}
void acquire_handle(Node* node) {
  node->owners_.fetch_add(Node::kHandle, std::memory_order_relaxed);
}
void release_handle(Node* node) {
  node->remove_owner(Node::kHandle);
}

}  // namespace tessera

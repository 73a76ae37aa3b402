#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "core/buffer.h"
#include "core/call.h"
#include "core/device.h"
#include "core/dtype.h"
#include "core/ref.h"
#include "core/shape.h"

namespace tessera {

class Op;

// A vertex of the computation graph: what is computed (op, inputs), what comes out (shape, dtype),
// where the user wrote it, and the value once it has been computed. Shape, dtype and value never
// change after they are set; inputs are only ever dropped.
//
// Two kinds of owners are counted apart: handles (Tensors a user or a module holds) and uses
// (inputs of other nodes), because the evaluator may forget the history of a value exactly when
// no handle can ask for a gradient through it.
class Node {
 public:
  Node(std::shared_ptr<const Op> op, const Shape& shape, DType dtype);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  std::shared_ptr<const Op> op;
  Shape shape;
  DType dtype;
  bool constant = false;  // has no gradient: integer, made from constants, or under NoGrad
  bool detached = false;  // gradients end here and do not flow to the inputs
  bool is_variable = false;
  Device device;        // where the value is or will be
  bool placed = false;  // the device is final; see `settle` in core/op.h
  CallSite site;
  int depth = 0;                        // longest chain of pending nodes that ends here
  uint64_t id;                          // order of creation
  Ref<Buffer> value;                    // row-major, on `device`; empty until evaluated
  alignas(8) std::byte scalar[8] = {};  // the value of a ScalarOp node, which needs no buffer

  int inputs() const { return inputs_; }
  Node* input(int i) const { return input_[i].get(); }
  void set_inputs(const Ref<Node>* first, int count);
  void set_input(int i, const Ref<Node>& input) { input_[i] = input; }
  void drop_inputs();  // forgets the history

  bool evaluated() const { return static_cast<bool>(value); }
  int64_t numel() const { return shape.numel(); }
  int64_t bytes() const { return numel() * size_of(dtype); }
  int64_t handles() const {
    return static_cast<int64_t>(owners_.load(std::memory_order_acquire) & 0xffffffff);
  }
  int64_t uses() const {
    return static_cast<int64_t>(owners_.load(std::memory_order_acquire) >> 32);
  }

  // Scratch of the evaluator and of the gradient walk: position in the order being processed,
  // valid while `mark` equals that walk's number.
  uint64_t mark = 0;
  int position = 0;
  mutable uint64_t reach_mark = 0;

  static void* operator new(size_t bytes);
  static void operator delete(void* memory) noexcept;

 private:
  friend void acquire(Node* node);
  friend void release(Node* node);
  friend void acquire_handle(Node* node);
  friend void release_handle(Node* node);

  static constexpr uint64_t kHandle = 1, kUse = uint64_t{1} << 32;
  void remove_owner(uint64_t kind);

  std::atomic<uint64_t> owners_{0};
  Node* next_dying_ = nullptr;
  int inputs_ = 0;
  Ref<Node> inline_inputs_[3];
  std::unique_ptr<Ref<Node>[]> more_inputs_;
  Ref<Node>* input_ = inline_inputs_;
};

void acquire(Node* node);  // counts a use
void release(Node* node);
void acquire_handle(Node* node);
void release_handle(Node* node);

int64_t live_nodes();

}  // namespace tessera

#include "core/transfer.h"

#include <mutex>
#include <utility>

#include "core/backend.h"
#include "core/error.h"
#include "core/settings.h"

namespace tessera {

namespace {

// A copy on another device. Nodes are made with their value, so no graph spans two devices.
class TransferOp final : public LeafOp {
 public:
  std::string_view name() const override { return "to"; }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    return {to(dy, x[0].device())};
  }
};
const TransferOp transfer_op;

struct ArrivalOp final : LeafOp {
  std::string_view name() const override { return "data"; }
};
const ArrivalOp arrival_op;

}  // namespace

Tensor to(const Operand& x, Device device) {
  const Call call("to", x.where);
  require(x.defined(), "to: x is an undefined tensor");
  if (x.device() == device) return Tensor(x);
  Backend& target = backend(device);
  x.eval();
  const Node& source = *x.value_node();
  Tensor result(new Node(static_op(transfer_op), x.shape(), x.dtype()));
  Node* node = result.node();
  const Ref<Node> input(x.value_node());
  node->set_inputs(&input, 1);
  node->constant = source.constant || !settings().grad;
  node->device = device;
  const Ref<Buffer> buffer = allocate(node->bytes(), device);
  target.write(buffer->data, host_data(source), node->bytes());
  node->value = buffer;
  describe(*buffer, *node);
  return result;
}

Staged::Staged(const void* values, const Shape& shape, DType dtype, Device device)
    : shape_(shape),
      dtype_(dtype),
      device_(device),
      parcel_(backend(device).pack(values, shape.numel() * size_of(dtype))) {}

Tensor Staged::arrive() {
  const std::shared_ptr<Parcel> parcel = std::exchange(parcel_, nullptr);
  require(parcel != nullptr, "arrive: the values must not have arrived before");
  const OnDevice on(device_);
  Tensor result = make_leaf(static_op(arrival_op), shape_, dtype_);
  const Ref<Buffer> buffer = allocate(result.node()->bytes(), device_);
  if (buffer->bytes > 0) parcel->send(buffer->data);
  result.node()->value = buffer;
  describe(*buffer, *result.node());
  return result;
}

const std::byte* host_data(const Node& node) {
  if (is_scalar_node(node)) return node.scalar;
  Buffer& buffer = *node.value;
  if (buffer.device == Device::cpu()) return buffer.data;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (!buffer.on_host) {
    const Ref<Buffer> copy = allocate(buffer.bytes);
    backend(buffer.device).read(copy->data, buffer.data, buffer.bytes);
    buffer.on_host = copy;
  }
  return buffer.on_host->data;
}

}  // namespace tessera

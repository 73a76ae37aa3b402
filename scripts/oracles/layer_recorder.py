"""Records modules of torch.nn: a step in training and evaluation; read by tests/nn/layer_oracle.h.

A case "conv2d stride" has the input "x" (further ones "x1", ...), the parameters and buffers
"state/<name>", the output "y", and for an output gradient "dy" the gradients "dx" ("dx1", ...) and
"grad/<name>". Modules with buffers have "after/<name>", as they stand after a second step with the
input "second x", and the output for "x" in evaluation then, "y eval".
"""

from record import Recorder, torch


def recorded(entries):
    return [(name, value) for name, value in entries if not name.endswith("num_batches_tracked")]


class LayerRecorder(Recorder):
    def layer(self, what, module, *inputs, call=None):
        call = call or (lambda m, *xs: m(*xs))
        module = module.double()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.copy_(self.randn(*parameter.shape) * 0.5)
        for name, value in recorded(module.state_dict().items()):
            self.add(f"{what}/state/{name}", value)

        inputs = [x.detach().clone().requires_grad_(x.is_floating_point()) for x in inputs]
        y = call(module, *inputs)
        dy = self.randn(*y.shape)
        y.backward(dy)
        self.add(f"{what}/y", y)
        self.add(f"{what}/dy", dy)
        for i, x in enumerate(inputs):
            suffix = str(i) if i else ""
            self.add(f"{what}/x{suffix}", x)
            if x.grad is not None:
                self.add(f"{what}/dx{suffix}", x.grad)
        for name, parameter in module.named_parameters():
            self.add(f"{what}/grad/{name}", parameter.grad)

        buffers = recorded(module.named_buffers())
        if not buffers:
            return
        x = inputs[0].detach()
        second = x * 1.5 + self.randn(*x.shape)
        module(second)
        self.add(f"{what}/second x", second)
        for name, value in buffers:
            self.add(f"{what}/after/{name}", value)
        self.add(f"{what}/y eval", module.eval()(x))

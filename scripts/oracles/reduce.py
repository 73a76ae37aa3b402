"""Makes tests/data/reduce.safetensors: reductions of torch and their gradients."""

from record import Recorder, torch

r = Recorder("reduce")
AXES = {"all": (0, 1, 2), "rows": (2,), "columns": (0,), "ends": (0, 2)}
FUNCTIONS = {
    "sum": lambda x, a: torch.sum(x, a),
    "mean": lambda x, a: torch.mean(x, a, keepdim=True),
    "amax": lambda x, a: torch.amax(x, a),
    "amin": lambda x, a: torch.amin(x, a),
    "var": lambda x, a: torch.var(x, a),
    "std0": lambda x, a: torch.std(x, a, correction=0),
    "logsumexp": lambda x, a: torch.logsumexp(x, a),
    "nansum": lambda x, a: torch.nansum(x, a),
}
for p in ("1", "2", "3", "0.5", "-2", "inf", "-inf"):
    FUNCTIONS["norm " + p] = lambda x, a, p=p: torch.linalg.vector_norm(x, float(p), a)
for name, f in FUNCTIONS.items():
    for where, axes in AXES.items():
        r.case(f"{name} {where}", lambda x: f(x, axes), r.randn(3, 2, 4))

x = r.randn(3, 4)
x[0, 1] = x[0, 2] = 7  # ties
x[1, 1] = x[1, 3] = 0
x[2, 2] = 0
r.case("amax ties", lambda x: torch.amax(x, (1,)), x)
r.case("max ties", lambda x: torch.max(x, 1).values, x)
r.case("norm inf ties", lambda x: torch.linalg.vector_norm(x, float("inf"), 1), x)
r.case("norm 3 zeros", lambda x: torch.linalg.vector_norm(x, 3, 1), x)
r.case("prod zeros", lambda x: torch.prod(x, 1), x)
r.case("prod one zero", lambda x: torch.prod(x[1:], 1), x)
r.save()

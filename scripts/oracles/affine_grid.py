"""Records torch.nn.functional.affine_grid; the cases are those of tests/ops/affine_grid_test.cpp."""

from record import Recorder, torch

r = Recorder("affine_grid")


def case(what, size, align_corners):
    axes = len(size) - 2
    r.case(what, lambda x: torch.nn.functional.affine_grid(x, size, align_corners=align_corners),
           r.randn(size[0], axes, axes + 1))


case("2d", (2, 3, 3, 4), False)
case("2d aligned", (2, 3, 3, 4), True)
case("3d", (1, 2, 2, 3, 2), False)
case("3d aligned, one element", (1, 2, 2, 1, 3), True)
r.save()

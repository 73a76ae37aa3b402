"""Records torch.nn.functional.grid_sample; the cases are those of tests/ops/grid_sample_test.cpp."""

from record import Recorder, torch

r = Recorder("grid_sample")


def case(what, x, out, **options):
    grid = 3.4 * r.rand(x[0], *out, len(out)) - 1.7
    r.case(what, lambda x, grid: torch.nn.functional.grid_sample(x, grid, **options),
           r.randn(*x), grid)


for mode in ("nearest", "bilinear", "bicubic"):
    for padding_mode in ("zeros", "border", "reflection"):
        for align_corners in (False, True):
            options = dict(mode=mode, padding_mode=padding_mode, align_corners=align_corners)
            name = f"{mode} {padding_mode} {'aligned' if align_corners else 'edges'}"
            case(f"2d {name}", (2, 2, 3, 2), (1, 3), **options)
            if mode != "bicubic":
                case(f"3d {name}", (1, 2, 2, 3, 2), (2, 1, 2), **options)
case("one element", (1, 2, 1, 1), (2, 2), padding_mode="reflection", align_corners=True)
r.save()

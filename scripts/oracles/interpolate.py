"""Records torch.nn.functional.interpolate; the cases are those of tests/ops/interpolate_test.cpp."""

from record import Recorder, torch

r = Recorder("interpolate")


def case(what, shape, **options):
    r.case(what, lambda x: torch.nn.functional.interpolate(x, **options), r.randn(*shape))


case("nearest 1d", (2, 2, 3), size=7)
case("nearest 2d", (2, 1, 2, 3), scale_factor=2)
case("nearest 3d", (1, 2, 3, 2, 3), size=(2, 3, 2))
case("nearest exact", (1, 2, 3, 5), scale_factor=(1.7, 0.6), mode="nearest-exact")
case("linear", (2, 2, 3), size=5, mode="linear")
case("linear aligned", (2, 2, 3), size=5, mode="linear", align_corners=True)
case("bilinear", (2, 1, 3, 4), size=(5, 2), mode="bilinear")
case("bilinear aligned", (2, 1, 3, 4), size=(5, 2), mode="bilinear", align_corners=True)
case("bilinear to one", (1, 2, 3, 2), size=1, mode="bilinear", align_corners=True)
case("bilinear factor", (1, 2, 3, 5), scale_factor=(1.7, 0.6), mode="bilinear")
case("bilinear recomputed", (1, 2, 3, 5), scale_factor=(1.7, 0.6), mode="bilinear",
     recompute_scale_factor=True)
case("bilinear antialiased", (1, 1, 7, 5), size=(2, 3), mode="bilinear", antialias=True)
case("bilinear antialiased, aligned", (1, 1, 5, 3), size=(3, 4), mode="bilinear", antialias=True,
     align_corners=True)
case("bilinear antialiased to one, aligned", (1, 2, 4, 3), size=(1, 6), mode="bilinear",
     antialias=True, align_corners=True)
case("bilinear antialiased factor", (1, 1, 7, 5), scale_factor=0.45, mode="bilinear",
     antialias=True)
case("bicubic", (1, 2, 4, 5), size=(6, 2), mode="bicubic")
case("bicubic aligned", (1, 2, 4, 5), size=(6, 2), mode="bicubic", align_corners=True)
case("bicubic factor", (1, 1, 4, 5), scale_factor=1.3, mode="bicubic")
case("bicubic antialiased", (1, 1, 6, 4), size=(2, 5), mode="bicubic", antialias=True)
case("trilinear", (1, 2, 2, 3, 3), size=(3, 1, 4), mode="trilinear")
case("trilinear aligned", (1, 2, 2, 3, 3), size=(3, 1, 4), mode="trilinear", align_corners=True)
case("area 1d", (2, 2, 7), size=3, mode="area")
case("area 2d", (1, 2, 4, 5), size=(3, 2), mode="area")
case("area 3d", (1, 1, 3, 4, 3), scale_factor=0.7, mode="area")
r.save()

#!/usr/bin/env python3
"""Records sums of products in Einstein's notation."""

from record import Recorder, torch

r = Recorder("einsum")
for equation, *shapes in [
    ("ij,jk->ik", [2, 3], [3, 4]),
    ("ij,jk", [2, 3], [3, 4]),
    ("ba", [2, 3]),
    ("ii->i", [3, 3]),
    ("ii", [3, 3]),
    ("iji->j", [3, 2, 3]),
    ("...ii->...i", [2, 3, 3]),
    ("i,j->ij", [3], [2]),
    ("i,i->i", [3], [3]),
    ("bhqd,bhkd->bhqk", [2, 2, 3, 2], [2, 2, 4, 2]),
    ("b...d,...dk->bk...", [2, 3, 1, 4], [2, 4, 2]),
    (" a b , b c , c d -> d a ", [2, 3], [3, 2], [2, 4]),
    ("ijk,jil->kl", [2, 3, 2], [3, 2, 2]),
    ("ij,kl,jk->l", [2, 3], [2, 2], [3, 2]),
    ("i,ij,j", [3], [3, 2], [2]),
    ("...,...->...", [2, 1, 3], [2, 1]),
    ("ij...->j", [2, 3, 2]),
    ("Ab,bA->A", [2, 3], [3, 2]),
    ("iij,jkk->ik", [2, 2, 3], [3, 2, 2]),
]:
    r.case(equation, lambda *x: torch.einsum(equation, *x), *[r.randn(*s) for s in shapes])
r.save()

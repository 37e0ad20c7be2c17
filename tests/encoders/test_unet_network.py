"""The U-Net is the paper's: its size, its maps, its skips."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rsgraph.encoders.unet import UNet


def test_unet_has_the_papers_kernels_per_level() -> None:
    network = UNet(width=64, depth=5).network(12, 8)
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    down = [64, 64, 128, 128, 256, 256, 512, 512, 1024, 1024]
    up = [512, 512, 256, 256, 128, 128, 64, 64]
    assert [c.out_channels for c in convolutions] == down + up
    assert convolutions[0].in_channels == 12
    assert [c.in_channels for c in convolutions[10::2]] == [1024, 512, 256, 128]  # skip and up-convolved side by side


def test_unet_parameter_count_equals_the_sum_by_hand() -> None:
    width, bands, classes = 2, 3, 5
    convolution = lambda i, o: 9 * i * o + 2 * o  # noqa: E731 - without bias, with batch normalisation
    expected = (
        convolution(bands, 2) + convolution(2, 2)  # level 1
        + convolution(2, 4) + convolution(4, 4)  # level 2
        + (4 * 4 * 2 + 2)  # up-convolution
        + convolution(4, 2) + convolution(2, 2)  # level 1 again
        + (2 * classes + classes)  # head
    )  # fmt: skip
    network = UNet(width=width, depth=2).network(bands, classes)
    assert sum(p.numel() for p in network.parameters()) == expected


def test_unet_logits_are_the_head_of_the_maps_and_maps_are_not_negative() -> None:
    network = UNet(width=4, depth=3).network(3, 2).eval()
    maps, logits = network(torch.randn(2, 3, 16, 24))
    assert maps.shape == (2, 4, 16, 24)
    torch.testing.assert_close(logits, torch.einsum("bdrc,kd->bkrc", maps, network.head.weight[:, :, 0, 0])
                               + network.head.bias[:, None, None])  # fmt: skip
    assert float(maps.detach().min()) >= 0


def test_unet_sees_fine_detail_through_the_skips() -> None:
    network = UNet(width=4, depth=3).network(1, 2).eval()
    for enlarge in network.enlarge:
        nn.init.zeros_(enlarge.weight)
        nn.init.zeros_(enlarge.bias)
    image = torch.randn(1, 1, 32, 32)
    changed = image.clone()
    changed[0, 0, 16, 16] += 1
    difference = (network(image)[0] - network(changed)[0]).abs().sum(1)[0] > 0
    rows, columns = torch.nonzero(difference, as_tuple=True)
    # With the up-convolutions silent only the first level and the last are left: four 3 x 3 convolutions.
    assert 12 <= int(rows.min()) <= int(rows.max()) <= 20
    assert 12 <= int(columns.min()) <= int(columns.max()) <= 20
    assert bool(difference[16, 16])


@settings(max_examples=10, deadline=None)
@given(depth=st.integers(1, 4), rows=st.integers(1, 3), columns=st.integers(1, 3))
def test_unet_keeps_the_size_for_multiples_of_its_stride(depth: int, rows: int, columns: int) -> None:
    encoder = UNet(width=1, depth=depth)
    assert encoder.stride == 2 ** (depth - 1)
    size = (rows * encoder.stride, columns * encoder.stride)
    maps, logits = encoder.network(2, 3).eval()(torch.randn(1, 2, *size))
    assert (maps.shape, logits.shape) == ((1, 1, *size), (1, 3, *size))


def test_unet_is_seeded_by_torchs_generator() -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(7)
        states.append(UNet(width=2, depth=2).network(3, 2).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])

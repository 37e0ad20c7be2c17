"""Standardisation travels with the weights; weights files are whole, or refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rsgraph.encoders.bands import Bands
from rsgraph.encoders.unet import UNet
from rsgraph.errors import ModelMismatch, NotThere, WorkspaceError
from rsgraph.gnn.gat import Gat
from rsgraph.gnn.gcn import Gcn
from rsgraph.gnn.none import NoGnn
from rsgraph.training.modules import encoder_module, gnn_module, load_weights, save_weights
from tests.training.chips import same_weights, tiny_module


def test_encoder_module_standardises_and_puts_the_mean_where_there_are_no_data() -> None:
    module = encoder_module(Bands(), n_bands=2, n_classes=0)
    module.set_scale([1.0, 5.0], [2.0, 0.0])  # the second band is constant
    bands = torch.tensor([[[[3.0, 99.0]], [[5.0, float("nan")]]]])
    scaled = module.standardise(bands, torch.tensor([[[True, False]]]))
    assert scaled.tolist() == [[[[1.0, 0.0]], [[0.0, 0.0]]]]


def test_encoder_module_pads_to_the_stride_and_crops_again() -> None:
    module = encoder_module(UNet(width=2, depth=4), n_bands=1, n_classes=3)
    image = torch.randn(1, 1, 13, 10)
    maps, logits = module(image)
    assert logits is not None
    assert (maps.shape, logits.shape) == ((1, 2, 13, 10), (1, 3, 13, 10))
    padded = torch.zeros(1, 1, 16, 16)
    padded[..., :13, :10] = image
    torch.testing.assert_close(maps, module.network(padded)[0][..., :13, :10])


def test_gnn_module_standardises_nodes_and_edge_attributes() -> None:
    module = gnn_module(Gat(heads=2, features_per_head=2), n_features=2, n_classes=3, n_edge_attributes=1)
    assert module is not None
    module.set_scale([1.0, 2.0], [2.0, 4.0])
    module.set_edge_scale([10.0], [5.0])
    x, edges, attributes = torch.randn(3, 2), torch.tensor([[0, 1], [1, 2]]), torch.tensor([[5.0], [20.0]])
    by_hand = module.network(
        (x - torch.tensor([1.0, 2.0])) / torch.tensor([2.0, 4.0]), edges, torch.tensor([[-1.0], [2.0]])
    )
    assert torch.equal(module(x, edges, attributes)[-1], by_hand[-1])


def test_gnn_module_is_none_without_a_gnn() -> None:
    assert gnn_module(NoGnn(), n_features=4, n_classes=2) is None


def test_modules_are_drawn_by_the_seed_and_do_not_touch_the_global_generator() -> None:
    before = torch.get_rng_state()
    assert same_weights(tiny_module(seed=3), tiny_module(seed=3))
    assert not same_weights(tiny_module(seed=3), tiny_module(seed=4))
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_survive_the_file_with_the_standardisation(tmp_path: Path) -> None:
    module, other = tiny_module(1), tiny_module(2)
    module.set_scale([0.1, 0.2, 0.3], [1, 2, 3])
    save_weights(module.to(memory_format=torch.channels_last), tmp_path / "models" / "encoder.safetensors")  # type: ignore[call-overload]  # missing in torch's stubs
    load_weights(other, tmp_path / "models" / "encoder.safetensors")
    assert same_weights(module, other)
    np.testing.assert_allclose(other.std.numpy(), [1, 2, 3])
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["encoder.safetensors"]


def test_load_weights_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    with pytest.raises(NotThere, match=r"no weights at .*w\.safetensors: train first"):
        load_weights(tiny_module(), path)
    save_weights(tiny_module(), path)
    other = encoder_module(UNet(width=4, depth=2), n_bands=5, n_classes=2)
    with pytest.raises(ModelMismatch, match=r"3 tensors differ, first `mean` \(file \(3,\), network \(5,\)\)"):
        load_weights(other, path)
    gnn = gnn_module(Gcn(), n_features=3, n_classes=2)
    assert gnn is not None
    with pytest.raises(ModelMismatch, match=r"network None|file None"):
        load_weights(gnn, path)


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_load_weights_refuses_a_truncated_file(tmp_path: Path, keep: int) -> None:
    path = save_weights(tiny_module(), tmp_path / "w.safetensors")
    path.write_bytes(path.read_bytes()[:keep])
    before = tiny_module()
    with pytest.raises(WorkspaceError, match=r"is damaged: .*run the same command again to restore it"):
        load_weights(before, path)
    assert same_weights(before, tiny_module())

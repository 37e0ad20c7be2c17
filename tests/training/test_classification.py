"""Two linear layers on pooled maps: what is pooled, what is learnt, and that it can be had again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rsgraph.encoders.bands import Bands
from rsgraph.encoders.unet import UNet
from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation.classification import accuracy, confusion_matrix, stratified_split
from rsgraph.io.eurosat import EuroSat
from rsgraph.training.classification import (
    ClassifierOptions,
    ImageClassifier,
    LinearHead,
    PooledEncoder,
    Pooling,
    class_probabilities,
    fine_tune,
    fit_head,
    linear_head,
    one_cycle,
    pooled,
    pooled_features,
)
from rsgraph.training.fitting import History, OnEpoch
from rsgraph.training.inference import FrozenEncoder
from rsgraph.training.modules import EncoderModule, encoder_module, load_weights, save_weights
from rsgraph.types import Floats, Mask, Window
from tests.training.chips import CPU, same_weights

CLASSES: NDArray[np.int64] = np.arange(24) % 3
EVERY_FOURTH: Mask = np.arange(24) % 4 == 3
FOUR = ClassifierOptions(max_epochs=4, batch_size=6, learning_rate=0.02)


class Squares:
    """Noise of three colours: class c is bright in band c. What a mean tells, nothing else does."""

    def __init__(self, n: int = 24, *, side: int = 8, bands: int = 3) -> None:
        rng = np.random.default_rng(0)
        self.images = 0.3 * rng.random((n, bands, side, side), dtype=np.float32)
        for i in range(n):
            self.images[i, i % 3] += 0.5

    def __len__(self) -> int:
        return len(self.images)

    def read(self, i: int) -> Floats:
        return self.images[i]


def _unet(seed: int = 0, *, depth: int = 2) -> EncoderModule:
    module = encoder_module(UNet(width=4, depth=depth), n_bands=3, n_classes=2, seed=seed)
    module.set_scale([0.3] * 3, [0.25] * 3)
    return module


def _classifier(pooling: Pooling = "mean_std") -> ImageClassifier:
    columns = {"mean": 4, "mean_std": 8, "mean_std_bottleneck": 16}[pooling]
    return ImageClassifier(PooledEncoder(_unet(), pooling), linear_head(columns, 3, hidden=8, seed=1))


def _tune(
    classifier: ImageClassifier,
    folder: Path,
    *,
    options: ClassifierOptions = FOUR,
    seed: int = 0,
    on_epoch: OnEpoch | None = None,
) -> History:
    return fine_tune(
        classifier, Squares(), CLASSES, EVERY_FOURTH,
        options=options, hardware=CPU, seed=seed, folder=folder, on_epoch=on_epoch,
    )  # fmt: skip


def _predicted(classifier: ImageClassifier) -> NDArray[np.int64]:
    encoder, pooling = classifier.pooled.encoder, classifier.pooled.pooling
    features = pooled_features(encoder, Squares(), pooling=pooling, hardware=CPU)
    return class_probabilities(classifier.head, features).argmax(1)


def test_pooled_are_the_mean_and_the_deviation_of_each_map() -> None:
    maps = torch.tensor([[[[1.0, 3.0]], [[2.0, 2.0]]]])
    np.testing.assert_allclose(pooled(maps, deviation=False), [[2, 2]])
    np.testing.assert_allclose(pooled(maps, deviation=True), [[2, 2, 1, 0]], atol=1.1e-4)


def test_pooled_even_maps_have_a_finite_slope() -> None:
    maps = torch.ones(1, 1, 4, 4, requires_grad=True)
    pooled(maps, deviation=True).sum().backward()
    assert maps.grad is not None
    assert torch.isfinite(maps.grad).all()


def test_features_are_those_of_each_image_encoded_by_itself_and_each_pooling_begins_with_the_one_before() -> None:
    module, source = _unet(), Squares()
    found = {
        pooling: pooled_features(module, source, pooling=pooling, hardware=CPU, batch_size=5)
        for pooling in ("mean", "mean_std", "mean_std_bottleneck")
    }
    assert [values.shape for values in found.values()] == [(24, 4), (24, 8), (24, 16)]
    every = np.ones((8, 8), dtype=np.bool_)
    maps = np.stack([FrozenEncoder(module, CPU).encode(source.read(i), every) for i in range(24)])
    np.testing.assert_allclose(found["mean"], maps.mean((2, 3)), atol=1e-5)
    np.testing.assert_allclose(found["mean_std"][:, 4:], maps.std((2, 3)), atol=2e-4)
    np.testing.assert_allclose(found["mean_std"][:, :4], found["mean"], atol=1e-6)
    np.testing.assert_allclose(found["mean_std_bottleneck"][:, :8], found["mean_std"], atol=1e-6)


def test_deepest_level_is_the_mean_of_the_last_maps_on_the_way_down() -> None:
    module, source = _unet(), Squares()
    inputs = module.standardise(torch.from_numpy(source.images), torch.ones(1, 8, 8, dtype=torch.bool))
    down = module.network.down
    assert isinstance(down, torch.nn.ModuleList)
    with torch.inference_mode():
        deepest = down[1](torch.nn.functional.max_pool2d(down[0](inputs), 2)).mean((2, 3))
    found = pooled_features(module, source, pooling="mean_std_bottleneck", hardware=CPU)
    np.testing.assert_allclose(found[:, 8:], deepest, atol=1e-5)


def test_features_leave_the_encoder_as_it_is() -> None:
    module = _unet()
    pooled_features(module, Squares(), pooling="mean_std_bottleneck", hardware=CPU)
    assert same_weights(module, _unet())


def test_head_on_frozen_features_tells_separable_classes_apart(tmp_path: Path) -> None:
    features = pooled_features(_unet(), Squares(), pooling="mean_std", hardware=CPU)
    head = linear_head(8, 3, hidden=8)
    options = ClassifierOptions(max_epochs=40, batch_size=6, learning_rate=0.02)
    history = fit_head(head, features, CLASSES, EVERY_FOURTH, options=options, hardware=CPU, seed=0, folder=tmp_path)
    predicted = class_probabilities(head, features).argmax(1)
    assert accuracy(confusion_matrix(CLASSES, predicted, 3)) == 1.0
    assert history.epochs[history.best_epoch]["val_accuracy"] == 1.0


def test_head_is_scaled_by_the_training_features_only(tmp_path: Path) -> None:
    features = np.random.default_rng(0).random((24, 5), dtype=np.float32)
    features[:, 4] = 7
    features[EVERY_FOURTH] += 1000
    head = linear_head(5, 3)
    fit_head(head, features, CLASSES, EVERY_FOURTH, options=FOUR, hardware=CPU, seed=0, folder=tmp_path)
    np.testing.assert_allclose(head.mean, features[~EVERY_FOURTH].mean(0), rtol=1e-5)
    np.testing.assert_allclose(head.std, [*features[~EVERY_FOURTH, :4].std(0), 1], rtol=1e-4)


def test_probabilities_sum_to_one_and_follow_the_logits() -> None:
    head = LinearHead(2, 3, 4)
    features = np.random.default_rng(0).random((6, 2), dtype=np.float32)
    found = class_probabilities(head, features)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-6)
    hidden = torch.relu(head.first(torch.from_numpy(features)))
    np.testing.assert_allclose(found, torch.softmax(head.second(hidden), 1).detach(), rtol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "mean_std", "mean_std_bottleneck"])
def test_fine_tuning_tells_separable_classes_apart_and_moves_the_encoder(tmp_path: Path, pooling: Pooling) -> None:
    classifier = _classifier(pooling)
    options = ClassifierOptions(max_epochs=25, batch_size=6, learning_rate=0.02)
    _tune(classifier, tmp_path, options=options)
    assert accuracy(confusion_matrix(CLASSES, _predicted(classifier), 3)) == 1.0
    assert not same_weights(classifier.pooled.encoder, _unet())


def test_fine_tuning_is_the_same_for_the_same_seed_and_another_for_another(tmp_path: Path) -> None:
    classifiers = [_classifier() for _ in range(3)]
    for i, (classifier, seed) in enumerate(zip(classifiers, (0, 0, 1), strict=True)):
        torch.manual_seed(i)  # what the caller did with the global generator does not matter
        _tune(classifier, tmp_path / str(i), seed=seed)
    assert same_weights(classifiers[0], classifiers[1])
    assert not same_weights(classifiers[0], classifiers[2])


@pytest.mark.parametrize("interrupted_after", [0, 2])
def test_fine_tuning_that_goes_on_after_ctrl_c_ends_with_the_same_weights(
    tmp_path: Path, interrupted_after: int
) -> None:
    def stop(number: int, metrics: dict[str, float]) -> None:
        if number == interrupted_after:
            raise KeyboardInterrupt

    whole, fresh = _classifier(), _classifier()
    _tune(whole, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        _tune(_classifier(), tmp_path / "broken", on_epoch=stop)
    assert _tune(fresh, tmp_path / "broken").resumed_at == interrupted_after + 1
    assert same_weights(fresh, whole)


def test_another_number_of_epochs_is_another_schedule_and_does_not_take_the_old_one_up(tmp_path: Path) -> None:
    longer = ClassifierOptions(max_epochs=5, batch_size=6, learning_rate=0.02)
    one, other = _classifier(), _classifier()
    _tune(_classifier(), tmp_path / "both")
    assert _tune(one, tmp_path / "both", options=longer).resumed_at is None
    _tune(other, tmp_path / "uninterrupted", options=longer)
    assert same_weights(one, other)


def test_classifier_is_kept_as_safetensors(tmp_path: Path) -> None:
    classifier, fresh = _classifier(), _classifier()
    _tune(classifier, tmp_path)
    load_weights(fresh, save_weights(classifier, tmp_path / "classifier.safetensors"))
    assert same_weights(fresh, classifier)
    np.testing.assert_array_equal(_predicted(fresh), _predicted(classifier))


def test_images_are_turned_and_mirrored_in_training_only(tmp_path: Path) -> None:
    seen: list[bytes] = []

    class Corner(Squares):
        def __init__(self) -> None:
            super().__init__(1)
            self.images[:] = np.arange(3 * 64, dtype=np.float32).reshape(1, 3, 8, 8)

    def watch(_: object, inputs: tuple[torch.Tensor]) -> None:
        seen.append(inputs[0].contiguous().numpy().tobytes())

    classifier = _classifier()
    handle = classifier.register_forward_pre_hook(watch)
    source, none = Corner(), np.zeros(1, dtype=np.bool_)
    options = ClassifierOptions(max_epochs=30)
    fine_tune(classifier, source, np.array([0]), none, options=options, hardware=CPU, seed=0, folder=tmp_path)
    handle.remove()
    image = source.read(0)
    eight = {
        np.ascontiguousarray(np.rot90(each, k, axes=(1, 2))).tobytes()
        for each in (image, image[..., ::-1])
        for k in range(4)
    }
    assert set(seen[::2]) == eight  # training; in 30 epochs all eight turn up with this seed
    assert set(seen[1::2]) == {image.tobytes()}  # validation


def test_one_cycle_rises_to_the_full_rate_and_falls_to_nothing() -> None:
    np.testing.assert_allclose(
        [one_cycle(x, 0.25) for x in (0, 0.125, 0.25, 0.625, 1)], [0, 0.5, 1, 0.5, 0], atol=1e-9
    )
    assert one_cycle(0, 0) == 1


def test_options_and_poolings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^`warmup` must be from 0 to below 1\. Got 1 instead"):
        ClassifierOptions(max_epochs=1, warmup=1)
    with pytest.raises(ConfigError, match=r"^`hidden` must be at least 1"):
        linear_head(4, 2, hidden=0)
    with pytest.raises(
        ConfigError, match=r"^`pooling` must be one of: mean, mean_std, mean_std_bottleneck\. Got 'max'"
    ):
        PooledEncoder(_unet(), "max")  # type: ignore[arg-type]  # that is the point
    plain = encoder_module(Bands(), n_bands=3, n_classes=2)
    with pytest.raises(ConfigError, match="mean_std_bottleneck needs a U-Net"):
        PooledEncoder(plain, "mean_std_bottleneck")


def test_nothing_to_learn_from_is_refused(tmp_path: Path) -> None:
    every = np.ones(24, dtype=np.bool_)
    with pytest.raises(NotUsable, match=r"^there is no image to train on: 24 images, all of them held out"):
        fine_tune(_classifier(), Squares(), CLASSES, every, options=FOUR, hardware=CPU, seed=0, folder=tmp_path)
    with pytest.raises(NotUsable, match=r"^there is no image to encode"):
        pooled_features(_unet(), Squares(0), pooling="mean", hardware=CPU)


class EuroSatScenes:
    """The 13-band images as the classifier reads them."""

    def __init__(self, folder: Path) -> None:
        self.scenes = EuroSat().open(folder)
        self.images = [scene.source.read(Window(0, 0, scene.rows, scene.columns)).values for scene in self.scenes]

    def __len__(self) -> int:
        return len(self.images)

    def read(self, i: int) -> Floats:
        return self.images[i]


@pytest.mark.real
def test_thirteen_bands_have_the_narrow_near_infrared_last(real_data: Path) -> None:
    """Over plants the last band follows B08; B11, in whose place a file in wavelength order has B10, does not."""
    source = EuroSatScenes(real_data / "eurosat_ms_200")
    assert source.scenes[0].bands == (
        "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10", "B11", "B12", "B8A",
    )  # fmt: skip
    means = np.stack([image.mean((1, 2)) for image in source.images])
    plants = np.array([scene.class_name in ("Forest", "Pasture") for scene in source.scenes])
    assert plants.sum() == 40
    of = {name: means[plants, i] for i, name in enumerate(source.scenes[0].bands)}
    assert (np.abs(of["B8A"] / of["B08"] - 1) < 0.25).all()
    assert (of["B8A"] > of["B07"]).mean() > 0.9  # the plateau still rises to 865 nm
    assert (of["B8A"] > of["B09"]).all()  # water vapour
    assert (of["B10"] < 0.02).all()  # cirrus: the ground is not seen in it
    assert np.corrcoef(of["B8A"], of["B08"])[0, 1] > 0.95 > np.corrcoef(of["B12"], of["B08"])[0, 1]


@pytest.mark.real
def test_protocol_runs_on_the_thirteen_bands(real_data: Path, tmp_path: Path) -> None:
    """80/20 by class: 160 images teach two linear layers more than chance. No figure: 40 images test."""
    source = EuroSatScenes(real_data / "eurosat_ms_200")
    names, classes = np.unique([scene.class_name for scene in source.scenes], return_inverse=True)
    test = stratified_split(classes, 0.2, seed=0)
    assert (np.bincount(classes[test]) == 4).all()
    module = encoder_module(Bands(), n_bands=13, n_classes=2)
    features = pooled_features(module, source, pooling="mean_std", hardware=CPU)
    head = linear_head(features.shape[1], len(names))
    train = features[~test], classes[~test], np.zeros(int((~test).sum()), dtype=np.bool_)
    options = ClassifierOptions(max_epochs=40, batch_size=32, learning_rate=0.01)
    fit_head(head, *train, options=options, hardware=CPU, seed=0, folder=tmp_path)
    predicted = class_probabilities(head, features[test]).argmax(1)
    assert accuracy(confusion_matrix(classes[test], predicted, len(names))) > 0.5

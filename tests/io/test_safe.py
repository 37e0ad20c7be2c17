"""SAFE products of both levels and baselines, as folder and .zip, whole and damaged."""

from __future__ import annotations

import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import ConfigError, NotReadable, NotUsable
from rsgraph.io.archive import tree
from rsgraph.io.band_names import L1C, L2A
from rsgraph.io.safe import Safe
from rsgraph.io.safe_metadata import checksums, product
from rsgraph.types import Scene, Window
from tests.io.safe_product import write_safe, zipped


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int | None], Path]:
    folder = tmp_path_factory.mktemp("safe")
    return {
        ("2A", -1000): write_safe(folder, level="2A", offset=-1000, algorithm="sha3_256"),
        ("2A", None): write_safe(folder, level="2A", offset=None, algorithm="md5"),
        ("1C", -1000): write_safe(folder, level="1C", offset=-1000, algorithm="sha3_256"),
        ("1C", None): write_safe(folder, level="1C", offset=None, algorithm="md5"),
    }


def opened(path: Path, **options: object) -> Scene:
    (scene,) = Safe(**options).open(path)  # type: ignore[arg-type]  # tests pass any option
    return scene


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("level", "offset"), [("2A", -1000), ("2A", None), ("1C", -1000), ("1C", None)])
def test_safe_reads_reflectance_of_any_level_baseline_and_packing(
    products: dict[tuple[str, int | None], Path], level: str, offset: int | None, packed: bool
) -> None:
    root = products[level, offset]
    path = zipped(root) if packed else root
    assert Safe().accepts(path)
    scene = pickle.loads(pickle.dumps(opened(path)))  # noqa: S301  # our own bytes
    names = L2A if level == "2A" else L1C
    raster = scene.source.read(scene.window)
    assert scene.bands == names
    assert (scene.rows, scene.columns) == (96, 96)
    assert scene.name == root.stem
    assert scene.transform == (10.0, 0.0, 600000.0, 0.0, -10.0, 100020.0)
    assert "32636" in (scene.crs or "")
    expected = [(1000 + 100 * L1C.index(name) + (offset or 0)) / 10000 for name in names]
    np.testing.assert_allclose(raster.values[:, raster.valid], np.array(expected)[:, None] * np.ones(9180), atol=1e-7)
    assert not raster.valid[:6, :6].any()
    assert raster.valid.sum() == 96 * 96 - 36
    assert scene.files == ((path,) if packed else scene.files)
    assert all(file.suffix == ".jp2" for file in scene.files) or packed


def test_safe_reads_the_finest_file_of_each_band(products: dict[tuple[str, int | None], Path]) -> None:
    scene = opened(products["2A", -1000], bands=["B8A", "B02"])
    assert [file.stem[-7:] for file in scene.files] == ["B8A_20m", "B02_10m"]
    assert opened(products["2A", -1000], bands=["B05", "B12"]).rows == 48


def test_safe_metadata_file_itself_may_be_named(products: dict[tuple[str, int | None], Path]) -> None:
    root = products["1C", None]
    assert opened(root / "MTD_MSIL1C.xml").name == root.stem
    assert opened(root.parent / root.name).bands == L1C


def test_safe_overrides_replace_the_metadata(products: dict[tuple[str, int | None], Path]) -> None:
    scene = opened(
        products["2A", -1000], scale=0.001, offset=0.0, nodata=1100, crs="EPSG:32631", bands=["B02", "B03"]
    )
    raster = scene.source.read(Window(50, 50, 1, 1))
    assert not raster.valid.any()  # B02 is 1100 everywhere
    assert "31N" in (scene.crs or "")
    scene = opened(products["2A", -1000], scale=0.001, offset=0.0, bands=["B03"])
    assert scene.source.read(Window(50, 50, 1, 1)).values[0, 0, 0] == pytest.approx(1.2)
    with pytest.raises(ConfigError, match="B10"):
        opened(products["2A", -1000], bands=["B10"])
    with pytest.raises(ConfigError, match="verify"):
        Safe(verify="yes")  # type: ignore[arg-type]  # the wrong kind is the point


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("level", "offset"), [("2A", -1000), ("1C", None)])
def test_safe_damaged_band_is_named(
    products: dict[tuple[str, int | None], Path], tmp_path: Path, level: str, offset: int | None, packed: bool
) -> None:
    root = shutil.copytree(products[level, offset], tmp_path / products[level, offset].name)
    band = sorted(root.rglob("*B04*.jp2"))[0]
    data = bytearray(band.read_bytes())
    data[len(data) // 2] ^= 0x10
    band.write_bytes(data)
    path = zipped(root) if packed else root
    with pytest.raises(NotReadable, match=r"B04.*jp2 is damaged: its (MD5|SHA3-256) checksum"):
        opened(path)
    assert opened(path, bands=["B02"]).bands == ("B02",)
    band.write_bytes(data[:-50])
    with pytest.raises(NotReadable, match=r"B04.*jp2 is damaged: it has \d+ bytes where"):
        opened(zipped(root) if packed else root)


def test_safe_cut_off_band_without_manifest_fails_when_read(
    products: dict[tuple[str, int | None], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    root = shutil.copytree(products["1C", None], tmp_path / "P.SAFE")
    (root / "manifest.safe").unlink()
    band = next(root.rglob("*B03*.jp2"))
    band.write_bytes(band.read_bytes()[: band.stat().st_size // 2])

    def read_all() -> None:
        scene = opened(root)
        scene.source.read(scene.window)

    with pytest.raises(NotReadable, match=r"B03\.jp2 cannot be read"):
        read_all()
    assert capfd.readouterr() == ("", "")


def test_safe_incomplete_product_names_the_missing_files(
    products: dict[tuple[str, int | None], Path], tmp_path: Path
) -> None:
    root = shutil.copytree(products["2A", None], tmp_path / "P.SAFE")
    next(root.rglob("*_B02_10m.jp2")).unlink()
    assert opened(root, bands=["B02"]).rows == 48  # the 20 m file serves
    for file in root.rglob("*_B02_*.jp2"):
        file.unlink()
    with pytest.raises(NotReadable, match=r"incomplete.*\(T36NXF_20221127T075159_B02_10m\.jp2\)"):
        opened(root)
    assert opened(root, bands=["B03"]).bands == ("B03",)


def test_safe_refuses_metadata_that_attack_or_lack_something(
    products: dict[tuple[str, int | None], Path], tmp_path: Path
) -> None:
    root = shutil.copytree(products["2A", None], tmp_path / "P.SAFE")
    metadata = root / "MTD_MSIL2A.xml"
    text = metadata.read_text()
    bomb = text.replace("<n1:Product", '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><n1:Product', 1)
    for broken, reason in (
        (bomb, "no readable XML"),
        (text[:200], "no readable XML"),
        (text.replace(">10000<", ">0<"), "no usable"),
        (text.replace("QUANTIFICATION", "Q"), "no usable"),
        (text.replace("INDEX>0<", "INDEX>none<"), "is no number"),
    ):
        metadata.write_text(broken)
        with pytest.raises(NotReadable, match=reason):
            opened(root)


def test_safe_zip_members_outside_the_archive_are_not_followed(
    products: dict[tuple[str, int | None], Path], tmp_path: Path
) -> None:
    root = products["1C", None]
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(root / "MTD_MSIL1C.xml", "P.SAFE/MTD_MSIL1C.xml")
        archive.write(next(root.rglob("*B02.jp2")), "P.SAFE/../GRANULE/x/IMG_DATA/T36NXF_20221127T075159_B02.jp2")
    assert all(".." not in member for member in tree(path).members)
    with pytest.raises(NotReadable, match="incomplete"):
        opened(path)


def test_safe_refuses_two_products_and_none(products: dict[tuple[str, int | None], Path], tmp_path: Path) -> None:
    with pytest.raises(NotUsable, match="holds 4 products"):
        opened(products["1C", None].parent)
    for path, reason in ((tmp_path, "holds no MTD"), (tmp_path / "x.SAFE", "does not exist")):
        with pytest.raises(NotReadable, match=reason):
            opened(path)
        assert not Safe().accepts(path)


def test_safe_zip_may_be_some_folders_deeper_and_packed_by_macos(
    products: dict[tuple[str, int | None], Path], tmp_path: Path
) -> None:
    root, path = products["1C", None], tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(each for each in root.rglob("*") if each.is_file()):
            name = f"Küste (2022)/{root.name}/{file.relative_to(root).as_posix()}"
            archive.write(file, name)
            archive.writestr(f"__MACOSX/{name.rpartition('/')[0]}/._{file.name}", "Mac OS X")
    scene = opened(path)
    assert (scene.name, scene.bands) == (root.stem, L1C)
    assert scene.source.read(Window(50, 50, 1, 1)).values[1, 0, 0] == pytest.approx(0.11)


def test_safe_folder_may_be_deeper_linked_and_full_of_companions(
    products: dict[tuple[str, int | None], Path], tmp_path: Path
) -> None:
    root = shutil.copytree(products["1C", None], tmp_path / "x" / "y" / "P.SAFE")
    for file in [*root.rglob("*.jp2"), *root.rglob("*.xml")]:
        file.with_name(f"._{file.name}").write_bytes(b"Mac OS X")
    assert opened(tmp_path / "x").name == "P"
    linked = tmp_path / "L.SAFE"
    linked.mkdir()
    for member in root.iterdir():
        (linked / member.name).symlink_to(member)
    scene = opened(linked)
    assert scene.bands == L1C
    band = next(each for each in root.rglob("T*B04*.jp2"))
    band.unlink()
    band.symlink_to("/unmounted/B04.jp2")
    with pytest.raises(NotReadable, match=r"B04\.jp2 is a link to /unmounted/B04\.jp2, which does not exist"):
        opened(root)


def test_safe_zip_of_two_products_is_to_be_unpacked(
    products: dict[tuple[str, int | None], Path], tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for name in ("A.SAFE", "B.SAFE"):
            archive.write(products["1C", None] / "MTD_MSIL1C.xml", f"{name}/MTD_MSIL1C.xml")
    with pytest.raises(NotUsable, match=r"holds 2 products \(A.*B.*\); unpack it and name one of them"):
        opened(tmp_path / "two.zip")


@pytest.mark.real
def test_safe_real_metadata_are_understood(real_data: Path) -> None:
    place = tree(real_data / "safe_t36nxf_metadata")
    about = product(place, "MTD_MSIL2A.xml")
    assert about.level == "Level-2A"
    assert about.quantification == 10000
    assert about.offsets == dict.fromkeys(L1C, -1000.0)
    assert about.nodata == 0
    assert len(about.images) == 36
    name = "GRANULE/L2A_T36NXF_A029905_20221127T080452/IMG_DATA/R10m/T36NXF_20221127T075159_B02_10m.jp2"
    found = checksums(place, "manifest.safe")[name]
    assert (found.size, found.algorithm, found.value[:8]) == (107593247, "SHA3-256", "47da49c2")
    with pytest.raises(NotReadable, match=r"incomplete.*B02_10m\.jp2.*B09_60m\.jp2"):
        opened(real_data / "safe_t36nxf_metadata")

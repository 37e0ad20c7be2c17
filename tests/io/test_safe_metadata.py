"""XML files of Sentinel-2 products, written here as ESA's product specification (PSD) has them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from rsgraph.errors import NotReadable
from rsgraph.io.archive import Tree, tree
from rsgraph.io.safe_metadata import Checksum, checksums, parse, product, verify

LEVEL_1C = """<?xml version="1.0" encoding="UTF-8"?>
<n1:Level-1C_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-1C.xsd">
  <PROCESSING_LEVEL>Level-1C</PROCESSING_LEVEL>
  <IMAGE_FILE>GRANULE/L1C_T36NXF/IMG_DATA/T36NXF_20221127T075159_B01</IMAGE_FILE>
  <IMAGE_FILE> GRANULE/L1C_T36NXF/IMG_DATA/T36NXF_20221127T075159_B8A </IMAGE_FILE>
  <QUANTIFICATION_VALUE unit="none">10000</QUANTIFICATION_VALUE>
  <Radiometric_Offset_List>
    <RADIO_ADD_OFFSET band_id="0">-1000</RADIO_ADD_OFFSET>
    <RADIO_ADD_OFFSET band_id="8">-1000</RADIO_ADD_OFFSET>
    <RADIO_ADD_OFFSET band_id="12">-500</RADIO_ADD_OFFSET>
  </Radiometric_Offset_List>
  <Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>
  <Special_Values><SPECIAL_VALUE_TEXT>SATURATED</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>65535</SPECIAL_VALUE_INDEX></Special_Values>
</n1:Level-1C_User_Product>"""


def written(folder: Path, text: str, name: str = "MTD.xml") -> Tree:
    (folder / name).write_text(text)
    return tree(folder)


def test_product_reads_offsets_by_band_and_the_nodata_count(tmp_path: Path) -> None:
    found = product(written(tmp_path, LEVEL_1C), "MTD.xml")
    assert (found.level, found.quantification, found.nodata) == ("Level-1C", 10000.0, 0.0)
    assert found.saturated == 65535.0
    assert found.offsets == {"B01": -1000.0, "B8A": -1000.0, "B12": -500.0}  # band ids 0, 8 and 12
    assert [Path(image).name[-3:] for image in found.images] == ["B01", "B8A"]


@pytest.mark.parametrize(
    "name", ["BOA_QUANTIFICATION_VALUE", "L1C_L2A_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE"]
)
def test_product_knows_the_names_of_all_baselines(tmp_path: Path, name: str) -> None:
    before_offsets = "".join(line for line in LEVEL_1C.splitlines() if "OFFSET" not in line)
    found = product(written(tmp_path, before_offsets.replace("QUANTIFICATION_VALUE", name)), "MTD.xml")
    assert (found.quantification, found.offsets) == (10000.0, {})


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (">10000<", ">-1<", "gives no usable QUANTIFICATION_VALUE or BOA_QUANTIFICATION_VALUE"),
        ("QUANTIFICATION_VALUE", "VALUE", "gives no usable"),
        (">-500<", ">half<", "holds an offset or a special value that is no number"),
        ('"12"', '"13"', "holds an offset or a special value that is no number"),
        ("</n1:", "</n2:", "is no readable XML"),
    ],
)
def test_product_refuses_metadata_that_lack_something(tmp_path: Path, old: str, new: str, reason: str) -> None:
    with pytest.raises(NotReadable, match=rf"MTD\.xml {reason}.*download"):
        product(written(tmp_path, LEVEL_1C.replace(old, new)), "MTD.xml")


def test_parse_refuses_entities(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    with pytest.raises(NotReadable, match="is no readable XML"):
        parse(written(tmp_path, bomb), "MTD.xml")
    assert parse(written(tmp_path, "<x><y>1</y></x>"), "MTD.xml").findtext("y") == "1"


def test_checksums_are_those_of_the_manifest_by_member(tmp_path: Path) -> None:
    streams = "".join(
        f'<byteStream size="{size}"><fileLocation href="{href}"/>{check}</byteStream>'
        for size, href, check in (
            ("12", "./IMG/a.jp2", '<checksum checksumName="MD5">ABCD</checksum>'),
            ("", "IMG\\b.jp2", '<checksum checksumName="SHA3-256"> ef01 </checksum>'),
            ("3", "./c.jp2", ""),
        )
    )
    place = written(
        tmp_path, f'<xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1">{streams}</xfdu:XFDU>', "manifest.safe"
    )
    assert checksums(place, "manifest.safe") == {
        "IMG/a.jp2": Checksum(12, "MD5", "abcd"),
        "IMG/b.jp2": Checksum(None, "SHA3-256", "ef01"),
    }


@pytest.mark.parametrize(("name", "algorithm"), [("MD5", "md5"), ("SHA3-256", "sha3_256"), ("SHA-256", "sha256")])
def test_verify_compares_size_and_hash(tmp_path: Path, name: str, algorithm: str) -> None:
    place = written(tmp_path, "pixels", "a.jp2")
    right = hashlib.new(algorithm, b"pixels").hexdigest()
    verify(place, "a.jp2", Checksum(6, name, right))
    verify(place, "a.jp2", Checksum(None, "CRC32", "of a kind that nobody knows"))
    with pytest.raises(NotReadable, match=r"a\.jp2 is damaged: it has 6 bytes where the product's manifest says 7"):
        verify(place, "a.jp2", Checksum(7, name, right))
    with pytest.raises(NotReadable, match=rf"a\.jp2 is damaged: its {name} checksum is not the one"):
        verify(place, "a.jp2", Checksum(6, name, right[::-1]))

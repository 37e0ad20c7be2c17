from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.own_files.tables import (
    CHIPS,
    SEGMENTS,
    Grid,
    check_complete,
    read_chips,
    read_points,
    read_segment_ids,
    read_segments,
    read_table,
    row_count,
)
from rsgraph.workspace import write_table

KEPT = Path(__file__).parents[1] / "workspaces_of_0_1"
SCENES = {"may": Grid(40, 64)}
N = 6


def segments() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "segment_id": np.arange(1, N + 1, dtype=np.uint32),
            "chip_id": np.repeat(np.arange(2, dtype=np.int32), 3),
            "row": np.linspace(0, 39, N, dtype=np.float32),
            "column": np.linspace(0, 63, N, dtype=np.float32),
            "area_px": np.full(N, 5, np.int32),
            "scene_id": pd.Series(["may"] * N, dtype="str"),
            "x": np.zeros(N, np.float32),
            "y": np.zeros(N, np.float32),
        }
    )


def chips() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "chip_id": np.arange(2, dtype=np.int32),
            "row_offset": [0, 0],
            "column_offset": [0, 32],
            "rows": [32, 40],
            "columns": [32, 32],
            "valid_fraction": np.array([1, 0.5], np.float32),
            "split": ["train", "test"],
        }
    )


Change = Callable[[pd.DataFrame], Any]

SEGMENT_ATTACKS: dict[str, Change] = {
    "no ids": lambda t: t.drop(columns="segment_id"),
    "huge ids": lambda t: t.assign(segment_id=np.arange(N, dtype=np.int64) + 2**40),
    "an id twice": lambda t: t.assign(segment_id=[1, 2, 2, 4, 5, 6]),
    "ids out of order": lambda t: t.assign(segment_id=[2, 1, 3, 4, 5, 6]),
    "an id of nought": lambda t: t.assign(segment_id=np.arange(N)),
    "an id below nought": lambda t: t.assign(segment_id=[-1, 2, 3, 4, 5, 6]),
    "ids with a gap": lambda t: t.assign(segment_id=[1, 2, 3, 4, 5, 4_000_000_000]),
    "ids as numbers": lambda t: t.assign(segment_id=np.arange(1, N + 1) * 1.0),
    "ids as text": lambda t: t.assign(segment_id=list("123456")),
    "ids as lists": lambda t: t.assign(segment_id=[[1]] * N),
    "ids as dates": lambda t: t.assign(segment_id=pd.date_range("2026", periods=N)),
    "ids missing": lambda t: t.assign(segment_id=pd.array([1, 2, None, 4, 5, 6], dtype="Int64")),
    "chip that is not there": lambda t: t.assign(chip_id=[0, 0, 0, 1, 1, 9]),
    "chip below nought": lambda t: t.assign(chip_id=[-1, 0, 0, 1, 1, 1]),
    "chips out of order": lambda t: t.assign(chip_id=[1, 0, 0, 1, 1, 1]),
    "chips out of order, unsigned": lambda t: t.assign(chip_id=np.array([1, 0, 0, 1, 1, 1], np.uint32)),
    "chips as text": lambda t: t.assign(chip_id=["a"] * N),
    "no area": lambda t: t.assign(area_px=0),
    "endless area": lambda t: t.assign(area_px=np.int64(2**50)),
    "rows not finite": lambda t: t.assign(row=np.float32(np.nan)),
    "columns infinite": lambda t: t.assign(column=np.float32(np.inf)),
    "below its scene": lambda t: t.assign(row=np.float32(1e6)),
    "before its scene": lambda t: t.assign(column=np.float32(-5)),
    "more pixels than the scene": lambda t: t.assign(area_px=500),
    "rows as text": lambda t: t.assign(row=["a"] * N),
    "points not finite": lambda t: t.assign(x=[0, 0, np.nan, 0, 0, 0]),
    "points beyond measure": lambda t: t.assign(x=np.float32(3e38)),
    "points of half the bits": lambda t: t.assign(x=np.float16(0)),
    "clouds as text": lambda t: t.assign(cloud_share=["all"] * N),
    "more clouds than pixels": lambda t: t.assign(cloud_share=[0, 0, 1e30, 0, 0, 0]),
    "shadows infinite": lambda t: t.assign(shadow_share=[0, 0, np.inf, 0, 0, 0]),
    "shadows below nought": lambda t: t.assign(shadow_share=-0.5),
    "points as text": lambda t: t.assign(y=["a"] * N),
    "a scene that is a path": lambda t: t.assign(scene_id=["../x"] * N),
    "a scene that is a number": lambda t: t.assign(scene_id=7),
    "a scene that is not there": lambda t: t.assign(scene_id=["may"] * 5 + ["june"]),
    "many columns": lambda t: pd.concat([t, pd.DataFrame(0, t.index, [f"c{n}" for n in range(300)])], axis=1),
    "more rows than pixels": lambda t: pd.DataFrame({"segment_id": np.arange(1, 40 * 64 + 2)}),
    "nested": lambda t: t.assign(more=[{"a": 1}] * N),
}


@pytest.mark.parametrize("attack", SEGMENT_ATTACKS)
def test_segments_of_another_kind_are_refused_in_one_sentence(tmp_path: Path, attack: str) -> None:
    path = tmp_path / "segments.parquet"
    write_table(path, SEGMENT_ATTACKS[attack](segments()))
    with pytest.raises(WorkspaceError, match=r"segments\.parquet is damaged: ") as caught:
        read_segments(path, SCENES, np.array([0, 1]))
    assert "\n" not in str(caught.value)


CHIP_ATTACKS: dict[str, Change] = {
    "no ids": lambda t: t.drop(columns="chip_id"),
    "an id twice": lambda t: t.assign(chip_id=[0, 0]),
    "ids descend": lambda t: t.assign(chip_id=[1, 0]),
    "ids descend, unsigned": lambda t: t.assign(chip_id=np.array([1, 0], np.uint32)),
    "ids as text": lambda t: t.assign(chip_id=["a", "b"]),
    "below the scene": lambda t: t.assign(row_offset=[0, 1]),
    "right of the scene": lambda t: t.assign(column_offset=[0, 33]),
    "before the scene": lambda t: t.assign(column_offset=[-1, 0]),
    "endless": lambda t: t.assign(rows=[32, 2**31 - 1]),
    "empty": lambda t: t.assign(rows=[0, 32]),
    "half pixels": lambda t: t.assign(rows=[31.5, 32]),
    "fraction above 1": lambda t: t.assign(valid_fraction=[1, 1.5]),
    "fraction not a number": lambda t: t.assign(valid_fraction=[1, np.nan]),
    "no split": lambda t: t.assign(split=["train", "both"]),
    "split a number": lambda t: t.assign(split=[1, 2]),
    "a scene that is a path": lambda t: t.assign(scene_id=["../x", "may"]),
}


@pytest.mark.parametrize("attack", CHIP_ATTACKS)
def test_chips_of_another_kind_are_refused_in_one_sentence(tmp_path: Path, attack: str) -> None:
    path = tmp_path / "chips.parquet"
    write_table(path, CHIP_ATTACKS[attack](chips()))
    with pytest.raises(WorkspaceError, match=r"chips\.parquet is damaged: ") as caught:
        read_chips(path, SCENES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1" * 100, b"\x89PNG\r\n\x1a\n", b"PAR1" + b"\xff" * 64 + b"PAR1"]
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "segments.parquet"
    path.write_bytes(content)
    for read in (read_segments, read_chips, read_points, read_segment_ids, row_count):
        with pytest.raises(WorkspaceError, match=r"segments\.parquet is damaged: no whole parquet file"):
            read(path)


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "segments.parquet").mkdir()
    with pytest.raises(WorkspaceError, match="is damaged"):
        read_segments(tmp_path / "segments.parquet")


def test_a_table_of_endless_rows_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "segments.parquet"
    with pq.ParquetWriter(path, pa.schema([("segment_id", pa.int64())])) as writer:
        for _ in range(41):
            writer.write_table(pa.table({"segment_id": np.zeros(500_000, np.int64)}))
    assert path.stat().st_size < 200_000
    with pytest.raises(WorkspaceError, match="20,500,000 rows"):
        read_segments(path)


def test_a_text_that_is_said_once_and_stands_in_all_rows_is_refused(tmp_path: Path) -> None:
    once = pa.DictionaryArray.from_arrays(np.zeros(50_000, np.int32), ["x" * 50_000])
    table = pa.table({"segment_id": np.arange(1, 50_001), "scene_id": once})
    pq.write_table(table, tmp_path / "segments.parquet", compression="zstd", write_statistics=False)
    assert (tmp_path / "segments.parquet").stat().st_size < 10**6
    with pytest.raises(WorkspaceError, match="texts of 50,000 bytes"):
        read_segments(tmp_path / "segments.parquet")


def test_segments_and_chips_as_they_are_written_are_read(tmp_path: Path) -> None:
    write_table(tmp_path / "s.parquet", segments())
    write_table(tmp_path / "c.parquet", chips())
    found = read_segments(tmp_path / "s.parquet", SCENES, np.array([0, 1]))
    pd.testing.assert_frame_equal(found, pd.read_parquet(tmp_path / "s.parquet"))
    pd.testing.assert_frame_equal(read_chips(tmp_path / "c.parquet", SCENES), pd.read_parquet(tmp_path / "c.parquet"))
    assert read_segment_ids(tmp_path / "s.parquet").tolist() == [*range(1, N + 1)]
    assert row_count(tmp_path / "s.parquet") == N
    check_complete(tmp_path, segments(), SEGMENTS, points=True)
    check_complete(tmp_path, chips(), CHIPS, points=False)
    for name in SEGMENTS:
        with pytest.raises(WorkspaceError, match=f"no column '{name}'"):
            check_complete(tmp_path, segments().drop(columns=name), SEGMENTS, points=True)


@pytest.mark.parametrize("name", ["one", "two"])
def test_tables_of_version_0_1_are_read_as_pandas_reads_them(name: str) -> None:
    for read, table in ((read_segments, "segments.parquet"), (read_chips, "chips.parquet")):
        path = KEPT / name / table
        pd.testing.assert_frame_equal(read(path), pd.read_parquet(path))


def test_clouds_may_be_unknown_of_some_segments(tmp_path: Path) -> None:
    write_table(tmp_path / "segments.parquet", segments().assign(cloud_share=[0, 1, np.nan, 0.5, 0, 0]))
    found = read_segments(tmp_path / "segments.parquet", SCENES, np.array([0, 1]))
    assert found["cloud_share"].isna().sum() == 1


def test_of_several_scenes_every_row_says_its_own(tmp_path: Path) -> None:
    write_table(tmp_path / "segments.parquet", segments().drop(columns="scene_id"))
    with pytest.raises(WorkspaceError, match=r"no column 'scene_id', and scene\.json has 2 scenes"):
        read_segments(tmp_path / "segments.parquet", {**SCENES, "june": Grid(10, 10)})


def test_points_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "own-umap.parquet"
    table = segments()[["segment_id", "x", "y"]]
    table.attrs = {"embedding_sha256": "abc"}
    write_table(path, table)
    points, about = read_points(path, rows=N)
    assert (points.shape, points.dtype, about) == ((N, 2), np.float32, {"embedding_sha256": "abc"})
    with pytest.raises(WorkspaceError, match="6 points, where the workspace's other files say 7"):
        read_points(path, rows=7)
    for wrong in (table.assign(x=np.inf), table.assign(y="a"), table.drop(columns="x")):
        write_table(path, wrong)
        with pytest.raises(WorkspaceError, match="is damaged"):
            read_points(path)


def test_columns_that_are_asked_for_must_be_there(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", segments())
    assert list(read_table(tmp_path / "a.parquet", ["row", "column"])) == ["row", "column"]
    with pytest.raises(WorkspaceError, match="no column 'z'"):
        read_table(tmp_path / "a.parquet", ["z"])

from __future__ import annotations

import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.projectors.sampling import check_sample, draw


def test_draw_is_seeded_sorted_and_without_replacement() -> None:
    found = draw(1000, 300, 5)
    assert len(set(found.tolist())) == 300
    assert (np.diff(found) > 0).all()
    np.testing.assert_array_equal(found, draw(1000, 300, 5))
    assert not np.array_equal(found, draw(1000, 300, 6))


@pytest.mark.parametrize("sample", [None, 10, 11])
def test_draw_takes_all_where_there_are_no_more(sample: int | None) -> None:
    np.testing.assert_array_equal(draw(10, sample, 0), np.arange(10))


@pytest.mark.parametrize("sample", [15, 0, True, 100.0])
def test_check_sample_refuses(sample: object) -> None:
    with pytest.raises(ConfigError, match=r"`sample` must be null .* above n_neighbors \(15\)"):
        check_sample(sample, 15)  # type: ignore[arg-type]  # that is the test

"""Fuzzy memberships of a scene's pixels, against scikit-fuzzy's ``cmeans_predict``.

``python -m experiments.benchmarks.memberships``
"""

from __future__ import annotations

import numpy as np
from skfuzzy import cmeans_predict

from experiments.benchmarks.record import best_seconds, record
from rsgraph.targets.fuzzy_c_means import memberships

SEED = 0
PIXELS, BANDS, CLUSTERS, FUZZINESS = 262_144, 12, 8, 2.0


def main() -> None:
    generator = np.random.default_rng(SEED)
    pixels = generator.random((PIXELS, BANDS), dtype=np.float32)
    centres = generator.random((CLUSTERS, BANDS))
    wide, start = pixels.astype(np.float64).T, np.ones((CLUSTERS, PIXELS))
    peer_result = cmeans_predict(wide, centres, FUZZINESS, 0.0, 1, init=start)[0]
    error = np.abs(memberships(pixels, centres, FUZZINESS) - peer_result.T).max()
    assert error < 1e-5, error
    ours, peer = best_seconds(
        lambda: memberships(pixels, centres, FUZZINESS),
        lambda: cmeans_predict(wide, centres, FUZZINESS, 0.0, 1, init=start),
        rounds=10,
    )
    row = {
        "work": f"memberships of {PIXELS} pixels, {BANDS} bands, {CLUSTERS} clusters",
        "ours_s": round(ours, 5),
        "peer_s": round(peer, 5),
        "ratio": round(peer / ours, 1),
        "pixels_per_s": round(PIXELS / ours),
        "max_error": f"{error:.1e}",
        "note": "one thread; peer: skfuzzy.cmeans_predict, one iteration, input already float64; shared machine",
    }
    print(f"{row['work']}: {ours:.3f} s, scikit-fuzzy {peer:.3f} s, {peer / ours:.0f} times faster")
    print(record("memberships", [row], seed=SEED))


if __name__ == "__main__":
    main()

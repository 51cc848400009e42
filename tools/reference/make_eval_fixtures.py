"""Writes test/fixtures/eval/reference.json: scores and diversity measures computed with NumPy in float64.

Run from the repository root: python tools/reference/make_eval_fixtures.py  (needs numpy)
The TypeScript side must agree to 1e-6 (vectors are float32, sums are float64 on both sides).
"""

import json
from pathlib import Path

import numpy as np

COUNT, PATHS, DIMENSIONS, CANDIDATES = 40, 3, 8, 12


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def ranks(x):
    """Average ranks, as scipy.stats.rankdata."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return ((last - counts + 1 + last) / 2)[inverse]


def spearman(x, y):
    return np.corrcoef(ranks(x), ranks(y))[0, 1]


def cka(x, y):
    """Kornblith et al. 2019, in feature space (the TypeScript side works on kernels)."""
    x, y = x - x.mean(0), y - y.mean(0)
    return np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))


def mean_cosine(x, y):
    return float(np.mean(np.sum(unit(x) * unit(y), axis=-1)))


def matrix(measure):
    return [[float(measure(i, j)) for j in range(PATHS)] for i in range(PATHS)]


def make_set(rng, base):
    """Paths that share some of their content and have an offset each."""
    own = rng.standard_normal((COUNT, PATHS, DIMENSIONS))
    offset = rng.standard_normal((1, PATHS, DIMENSIONS))
    paths = unit(2 * base + own + offset)
    aggregate = unit(paths.mean(1))
    return np.round(aggregate, 5).astype(np.float32), np.round(paths, 5).astype(np.float32)


rng = np.random.default_rng(20240)
content = rng.standard_normal((COUNT, 1, DIMENSIONS))
query_aggregate, query_paths = make_set(rng, content)
candidate_aggregate, candidate_paths = make_set(rng, content)


def make_row(query):
    others = rng.choice([c for c in range(COUNT) if c != query], CANDIDATES - 1, replace=False)
    positive = int(rng.integers(CANDIDATES))
    return {"query": query, "candidates": np.insert(others, positive, query).tolist(), "positive": positive}


rows = [make_row(query) for query in range(COUNT)]
weights = [0.5, 2.0, -0.25]

scores = []
for row in rows:
    q, t = query_paths[row["query"]].astype(np.float64), candidate_paths[row["candidates"]].astype(np.float64)
    pairs = np.einsum("id,cjd->cij", q, t)
    scores.append(
        {
            "aggregate": (candidate_aggregate[row["candidates"]].astype(np.float64) @ query_aggregate[row["query"]].astype(np.float64)),
            "paths": np.einsum("cii->ic", pairs),
            "all": np.einsum("cii->c", pairs),
            "weighted": np.einsum("cii,i->c", pairs, np.array(weights)),
            "maxSim": pairs.max(-1).sum(-1),
        }
    )


def decimals(x):
    """The five places the float32 values were rounded to: they read back as the same float32."""
    return [round(float(value), 5) for value in x.ravel()]


def precision(name):
    hit = [np.all(np.delete(s[name], r["positive"]) < s[name][r["positive"]]) for s, r in zip(scores, rows)]
    return float(np.mean(hit))


x = query_paths.astype(np.float64)
centred = x - x.mean(0, keepdims=True)
reference = {
    "note": "made by tools/reference/make_eval_fixtures.py; made-up vectors",
    "sizes": {"count": COUNT, "pathCount": PATHS, "dimensions": DIMENSIONS},
    "queries": {"aggregate": decimals(query_aggregate), "paths": decimals(query_paths)},
    "candidates": {"aggregate": decimals(candidate_aggregate), "paths": decimals(candidate_paths)},
    "rows": rows,
    "weights": weights,
    "firstScores": {name: value.tolist() for name, value in scores[0].items()},
    "precision": {name: precision(name) for name in ("aggregate", "all", "weighted", "maxSim")},
    "rawCosine": matrix(lambda i, j: mean_cosine(x[:, i], x[:, j])),
    "centredCosine": matrix(lambda i, j: mean_cosine(centred[:, i], centred[:, j])),
    "cka": matrix(lambda i, j: cka(x[:, i], x[:, j])),
    "rankCorrelation": matrix(lambda i, j: np.mean([spearman(s["paths"][i], s["paths"][j]) for s in scores])),
}

file = Path("test/fixtures/eval/reference.json")
file.parent.mkdir(parents=True, exist_ok=True)
file.write_text(json.dumps(reference) + "\n")

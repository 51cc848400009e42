"""Reads what `polyvec embed --bench` wrote as the reference's eval.py does, and scores it by the reference's rule and by Polyvec's.

Run from the repository root (needs numpy, pyarrow):
python tools/reference/check_reference_embeddings.py EMBEDDINGS DATA [--report report.json --view aggregate]
python tools/reference/check_reference_embeddings.py --fixtures test/fixtures/reference-embeddings

EMBEDDINGS is the folder that was given as --output, DATA the folder of <dataset>/test-*.parquet. Files are loaded by pickle itself; a float32 array and
keys of the right kind are asked for. `reference` is the rule of VLM2Vec: v1 looks every row's query and candidates up by text and image path and takes the
first largest cosine; main takes <dataset>_qry row by row, <dataset>_info.jsonl for the names, and the first of the order by score. `strict` is Polyvec's rule
on the same vectors: rows whose query or right candidate has neither text nor image are left out, so are other candidates with neither, a tie is a miss, and
candidates equal to the right one count as it. Where both rules score a row they have to agree, ties apart. With --report, strict has to be what
`polyvec eval --bench mmeb --out` reports for the view, to the query. Exits with 1 if a file is wrong or a score differs.
With --fixtures the committed pickles are loaded and compared with the numbers and keys that they were written from.
"""

import argparse
import hashlib
import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

TIE = 1e-6
TEXT_TO_IMAGE = {"VisDial", "VisualNews_t2i", "MSCOCO_t2i", "WebQA", "EDIS", "Wiki-SS-NQ"}


def load(file):
    with open(file, "rb") as opened:
        value = pickle.load(opened)
        assert opened.read() == b"", f"{file}: something follows the pickle"
    return value


def is_matrix(value, columns=None):
    return isinstance(value, np.ndarray) and value.dtype == np.dtype("float32") and value.flags.writeable and value.ndim == 2 and columns in (None, value.shape[1])


def read_rows(folder, dataset):
    files = sorted((folder / dataset).glob("test*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def candidates_of(row):
    texts, images = row.get("tgt_text"), row.get("tgt_img_path")
    size = max(len(column) if isinstance(column, list) else 1 for column in (texts, images) if column)
    spread = [list(column) if isinstance(column, list) and column else [column or ""] * size for column in (texts, images)]
    return [(text or "", image or "") for text, image in zip(*spread)]


def read_v1(folder, dataset, rows):
    """Queries and candidates of each row, looked up as v1 does."""
    tables = []
    for side in ("qry", "tgt"):
        vectors, keys = load(folder / f"{dataset}_{side}")
        assert is_matrix(vectors) and len(vectors) == len(keys), f"{dataset}_{side} is not (array, keys)"
        assert all(set(key) == {"text", "img_path"} for key in keys), f"{dataset}_{side}: keys are not text and img_path"
        tables.append({(key["text"], key["img_path"]): vector for vector, key in zip(vectors, keys)})
    queries, targets = tables
    for row in rows:
        yield queries[(row["qry_text"] or "", row["qry_img_path"] or "")], np.stack([targets[key] for key in candidates_of(row)])


def read_main(folder, dataset, rows):
    """Queries and candidates of each row, looked up as main does."""
    vectors, named = load(folder / f"{dataset}_qry"), load(folder / f"{dataset}_tgt")
    infos = [json.loads(line) for line in (folder / f"{dataset}_info.jsonl").read_text().splitlines()]
    assert is_matrix(vectors) and len(vectors) == len(infos) == len(rows), f"{dataset}: queries, infos and rows do not agree"
    assert all(vector.dtype == np.dtype("float32") and vector.shape == (vectors.shape[1],) for vector in named.values()), f"{dataset}_tgt is not names with vectors"
    for vector, info in zip(vectors, infos):
        assert set(info) == {"cand_names", "label_name"} and info["label_name"] == info["cand_names"][0], f"{dataset}: an info is wrong"
        yield vector, np.stack([named[name] for name in info["cand_names"]])


def reference_hit(query, candidates, names, runner):
    if runner == "v1":
        scores = np.dot(candidates, query) / (np.linalg.norm(candidates, axis=1) * np.linalg.norm(query))
        return np.argmax(scores) == 0
    order = np.argsort(-np.dot(query, candidates.T))
    return names[order[0]] == names[0]


def placeholder_free(text):
    return text.replace("<|image_1|>", "").strip()


def strict_margin(query, candidates, sides, dataset):
    """By how much the right candidate scores above all others; None for a row that is left out."""
    is_empty = [image == "" and placeholder_free(text) == "" for text, image in sides]
    if is_empty[0]:
        return None
    caption = (lambda text: text.strip('"')) if dataset == "RefCOCO-Matching" else (lambda text: text)
    keys = [(image, caption(text)) for text, image in sides]
    scores = candidates.astype(np.float64) @ query.astype(np.float64)
    right = max(score for score, key in zip(scores, keys) if key == keys[0])
    others = [score for score, key, empty in zip(scores, keys, is_empty) if key != keys[0] and not empty]
    return right - max(others, default=-np.inf)


def check(folder, data, dataset):
    rows = read_rows(data, dataset)
    manifest = json.loads((folder / f"{dataset}_polyvec.json").read_text())
    limit = manifest["conditions"]["subset"]
    rows = rows if limit is None else rows[:limit]
    runner = manifest["runner"]
    read = read_v1 if runner == "v1" else read_main
    reference, strict, ties = [], [], 0
    for row, (query, candidates) in zip(rows, read(folder, dataset, rows), strict=True):
        sides = candidates_of(row)
        assert len(candidates) == len(sides), f"{dataset}: a row has other candidates"
        names = [image if dataset in TEXT_TO_IMAGE else f"{image}:{text.strip(chr(34))}" if image else text for text, image in sides]
        reference.append(bool(reference_hit(query, candidates, names, runner)))
        is_asked = row["qry_img_path"] or placeholder_free(row["qry_text"] or "")
        margin = strict_margin(query, candidates, sides, dataset) if is_asked else None
        if margin is None:
            continue
        strict.append(bool(margin > 0))
        if strict[-1] != reference[-1]:
            assert abs(margin) < TIE, f"{dataset}: the rules differ by more than a tie ({margin})"
            ties += 1
    return runner, manifest["vectors"], reference, strict, ties


def reported(report, view):
    found = next(entry for entry in report["views"] if entry["view"] == view)
    return {dataset["name"]: (score["value"], dataset["queries"]) for dataset, score in zip(report["datasets"], found["datasets"])}


def check_fixtures(folder):
    values = json.loads((folder / "values.json").read_text())
    vectors = np.array(values["vectors"], dtype=np.float32)
    array, keys = load(folder / "v1.pickle")
    assert is_matrix(array) and np.array_equal(array, vectors) and keys == values["keys"], "v1.pickle"
    array = load(folder / "main-queries.pickle")
    assert is_matrix(array) and np.array_equal(array, vectors), "main-queries.pickle"
    named = load(folder / "main-candidates.pickle")
    assert list(named) == values["names"] and all(np.array_equal(vector, row) and vector.flags.writeable for vector, row in zip(named.values(), vectors)), "main-candidates.pickle"
    for name, sha256 in values["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256, name
    print(f"{len(values['sha256'])} pickles hold what they were written from")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("embeddings", type=Path, nargs="?")
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--fixtures", type=Path)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--view", default="aggregate")
    arguments = parser.parse_args()
    if arguments.fixtures is not None:
        return check_fixtures(arguments.fixtures)
    if arguments.data is None:
        parser.error("name the folder of embeddings and that of the data, or --fixtures")
    expected = {} if arguments.report is None else reported(json.loads(arguments.report.read_text()), arguments.view)
    datasets = sorted(file.name.removesuffix("_qry") for file in arguments.embeddings.glob("*_qry"))
    differing = 0
    for dataset in datasets:
        runner, vectors, reference, strict, ties = check(arguments.embeddings, arguments.data, dataset)
        line = f"{dataset:20} {runner:5} {vectors}: reference {sum(reference)} of {len(reference)}, strict {sum(strict)} of {len(strict)}, {ties} ties"
        if dataset in expected:
            value, queries = expected[dataset]
            same = queries == len(strict) and round(value * queries) == sum(strict)
            differing += not same
            line += f", polyvec {round(value * queries)} of {queries}{'' if same else '  DIFFERS'}"
        print(line)
    missing = set(expected) - set(datasets)
    print(f"{len(datasets)} datasets, {differing} differ, {len(missing)} of the report are not there")
    sys.exit(1 if differing or missing or not datasets else 0)


if __name__ == "__main__":
    main()

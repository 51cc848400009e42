"""Writes test/fixtures/parquet: the same rows by Arrow's own writer in every codec and layout that hub datasets come in.

    pip install pyarrow && python tools/reference/make_parquet_fixtures.py

Run from the root of the repository. rows.json is what must be read of each.
"""

import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = pathlib.Path("test/fixtures/parquet")
ROWS = 250


def row(at: int) -> dict:
    few = ["a cat", "ein Hund", "größer 🐕", ""]
    return {
        "qry": None if at % 17 == 5 else f"<|image_1|>\nquestion {at} " + "x" * (at % 40),
        "label": few[at % 4],
        "number": at * 3 - 100,
        "texts": None if at % 31 == 7 else [f"{at}-{index}" if index % 5 != 4 else None for index in range(at % 7)],
        "nested": {"name": f"n{at % 9}", "tags": ["t"] * (at % 3)},
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows = [row(at) for at in range(ROWS)]
    schema = pa.schema(
        [
            ("qry", pa.string()),
            ("label", pa.string()),
            ("number", pa.int32()),
            ("texts", pa.list_(pa.string())),
            ("nested", pa.struct([("name", pa.string()), ("tags", pa.list_(pa.string()))])),
        ]
    )
    table = pa.Table.from_pylist(rows, schema)
    (FOLDER / "rows.json").write_text(json.dumps(rows, ensure_ascii=False) + "\n", encoding="utf-8")
    small = {"data_page_size": 256, "write_batch_size": 8, "row_group_size": 120}
    layouts = {
        "snappy": {"compression": "snappy", "row_group_size": 100},
        "snappy-pages": {"compression": "snappy", "use_dictionary": ["label"], **small},
        "zstd-v2": {"compression": "zstd", "write_page_checksum": True, "data_page_version": "2.0", **small},
        "zstd-v2-index": {"compression": "zstd", "data_page_version": "2.0", "write_page_index": True, **small},
        "gzip-index": {"compression": "gzip", "write_page_index": True, "use_dictionary": ["label", "texts.list.element"], **small},
        "brotli": {"compression": "brotli", "row_group_size": 250},
        "lz4": {"compression": "lz4", "row_group_size": 250},
        "none": {"compression": "none", "use_dictionary": False, **small},
    }
    for name, options in layouts.items():
        pq.write_table(table, FOLDER / f"{name}.parquet", **options)


if __name__ == "__main__":
    main()

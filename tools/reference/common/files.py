"""Files that fixtures consist of."""

import json
import shutil


def write_json(file, value, indent=None):
    file.write_text(json.dumps(value, indent=indent) + "\n")


def write_rows(file, rows, ensure_ascii=True):
    """A list in JSON, one row a line."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=ensure_ascii) for row in rows)
    file.write_text(f"[\n{lines}\n]\n")


def write_model(model, folder):
    """A fresh folder with configuration and weights as the library saves them."""
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    remove(folder, "generation_config.json")


def remove(folder, *names):
    for name in names:
        (folder / name).unlink(missing_ok=True)


def shorten(ids, image):
    """Runs of the image's token as [token, times]."""
    runs = []
    for id in ids:
        if id == image and runs and isinstance(runs[-1], list):
            runs[-1][1] += 1
        else:
            runs.append([id, 1] if id == image else id)
    return runs

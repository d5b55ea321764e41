"""The real data: download, import from a zip or folder, checks."""

import hashlib
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from PIL import Image, ImageOps
from tqdm.auto import tqdm

from course_utils import settings

# Raised when slices or table change, so that an older cache is not taken for a new one.
FORMAT = 1
CLASSES = ("glioma", "meningioma", "notumor", "pituitary")


def read(path: Path) -> tuple[np.ndarray, pd.DataFrame, pd.DataFrame]:
    """Read slices from a zip or folder: images uint8 (slices, 128, 128), table, problems."""
    size = (settings.IMAGE_SIZE,) * 2
    with zipfile.ZipFile(Path(path).expanduser()) as archive:
        names = [n for n in archive.namelist() if PurePosixPath(n).parent.name in CLASSES]
        contents = [archive.read(name) for name in names]

    def decode(data: bytes) -> tuple[np.ndarray, tuple]:
        image = Image.open(io.BytesIO(data))
        grey = ImageOps.pad(image.convert("L"), size, Image.Resampling.BOX)
        return np.asarray(grey), (*image.size, image.mode)

    with ThreadPoolExecutor() as pool:
        decoded = list(tqdm(pool.map(decode, contents), total=len(names), desc="reading slices"))
    table = pd.DataFrame(
        {
            "label": [PurePosixPath(n).parent.name for n in names],
            "patient": "",
            "plane": "unknown",
            "split": ["train" if n.startswith("Training") else "test" for n in names],
            "source": "kaggle",
            "file": names,
            "sha256": [hashlib.sha256(data).hexdigest() for data in contents],
            "width": [facts[0] for _, facts in decoded],
            "height": [facts[1] for _, facts in decoded],
            "mode": [facts[2] for _, facts in decoded],
            "bytes": [len(data) for data in contents],
        }
    )
    return np.stack([grey for grey, _ in decoded]), table, pd.DataFrame(columns=["file", "problem"])

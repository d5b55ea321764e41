"""Duplicates among slices."""

import numpy as np
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

RADIUS = 10
SAME = 0.95


def near_duplicates(images: np.ndarray) -> np.ndarray:
    """Pairs of slices that show nearly the same picture: int, (pairs, 2), first < second."""
    import imagehash

    hashes = np.array(
        [int(str(imagehash.phash(Image.fromarray(image))), 16) for image in images], dtype=np.uint64
    )
    found = []
    for row in range(len(images) - 1):
        bits = np.bitwise_count(hashes[row + 1 :] ^ hashes[row])
        others = np.flatnonzero(bits <= RADIUS) + row + 1
        if len(others):
            pixels = images[others].reshape(len(others), -1).astype(np.float32)
            pixels -= pixels.mean(axis=1, keepdims=True)
            one = images[row].ravel().astype(np.float32)
            one -= one.mean()
            size = np.linalg.norm(pixels, axis=1) * np.linalg.norm(one)
            same = pixels @ one >= SAME * np.maximum(size, 1e-6)
            found += [(row, other) for other in others[same]]
    return np.array(found, dtype=int).reshape(-1, 2)


def duplicate_groups(images: np.ndarray) -> np.ndarray:
    """Name a group for every slice; near-duplicates share one: str, (slices,)."""
    first, second = near_duplicates(images).T
    links = coo_array((np.ones(len(first), bool), (first, second)), shape=(len(images),) * 2)
    _, numbers = connected_components(links, directed=False)
    return np.array([f"g{number:05d}" for number in numbers])

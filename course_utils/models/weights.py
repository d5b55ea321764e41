"""Where pretrained weights come from, and what to do where there is no network.

A network that has seen a million photographs knows edges and textures before it meets its first
brain. Those weights are a file of 9 to 94 MB that somebody has to bring: this module looks for
it, says what it found, and never leaves a network with half of a file inside.
"""

import contextlib
import dataclasses
import functools
import hashlib
import os
import socket
import threading
import urllib.parse
import urllib.request
from pathlib import Path

from course_utils import settings
from course_utils.core.errors import CourseError
from course_utils.models import eight_bit

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"


@dataclasses.dataclass(frozen=True)
class Backbone:
    """A published network that can be had with ImageNet weights.

    Attributes
    ----------
    title : str
        Its name, as :mod:`keras.applications` spells it.
    url : str
        Where Keras publishes its ImageNet weights, without the classifying layer.
    md5 : str or None
        MD5 of that file, where Keras publishes one.
    """

    title: str
    url: str
    md5: str | None = None


BACKBONES = {
    "mobilenetv2": Backbone(
        "MobileNetV2",
        _KERAS + "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_128_no_top.h5",
    ),
    "resnet50": Backbone(
        "ResNet50",
        _KERAS + "resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        md5="4d473c1dd8becc155b73f8504c6f6626",
    ),
}


@dataclasses.dataclass(frozen=True)
class Source:
    """Where a network's weights come from.

    Attributes
    ----------
    kind : {"file", "imagenet", "simulated", "random"}
    path : Path or None
        The file; None where the weights are random.
    """

    kind: str
    path: Path | None = None

    @property
    def identity(self) -> str:
        """Kind and SHA-256 of the file, shortened: two sources with one identity are equal."""
        if self.path is None:
            return self.kind
        return f"{self.kind}-{hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]}"


def resolve(backbone: str, choice: str | None = None) -> Source:
    """Find a backbone's weights, and print in one line which ones these are.

    Looked for in this order: a file that the user names; ImageNet weights, from Keras's cache or
    by download; the simulated weights of this course; random numbers, with a warning. Without a
    network the answer comes within two seconds.

    Parameters
    ----------
    backbone : {"mobilenetv2", "resnet50"}
    choice : str, optional
        ``"imagenet"``, ``"simulated"`` or ``"random"`` to insist on one kind, or the path of a
        ``.h5`` or ``.npz`` file. ``$COURSE_WEIGHTS`` where it is left out.

    Raises
    ------
    CourseError
        If the backbone is unknown, or the choice cannot be had.
    """
    title = known(backbone).title
    choice = choice or settings.variable("COURSE_WEIGHTS") or None
    finders = {"imagenet": _imagenet, "simulated": _simulated}
    if choice not in (None, "random", *finders):
        source = _named(choice)
    else:
        # Whoever asks for one kind gets that kind or an error, never another one.
        found = (find(backbone) for kind, find in finders.items() if choice in (None, kind))
        source = next(filter(None, found), Source("random"))
    if choice in finders and source.path is None:
        raise CourseError(
            f"There are no {choice} weights for {title} on this computer, and none could be "
            "fetched: unset COURSE_WEIGHTS to take what there is, or name a file in it."
        )
    if choice is None and source.path is None:
        print(
            f"Warning: no pretrained weights for {title} on this computer, and none could be "
            "fetched. It starts from random weights, as if it had never seen a picture: expect "
            "poor results."
        )
    else:
        print(f"{title} weights: {source.kind}{f' ({source.path.name})' if source.path else ''}")
    return source


def cached(backbone: str) -> Path:
    """Where Keras keeps a backbone's ImageNet weights, whether they are there yet or not."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser()
    return home / "models" / BACKBONES[backbone].url.rpartition("/")[2]


def load(network, source: Source) -> None:
    """Put weights into a backbone: all of them or, where the file is not sound, none.

    Parameters
    ----------
    network : keras.Model
        A backbone of :mod:`keras.applications` without its classifying layer.
    source : Source
        What :func:`resolve` found. Random weights leave the network as it is.

    Raises
    ------
    CourseError
        If the file is damaged, or belongs to another network.
    """
    if source.path is None:
        return
    import numpy as np

    before = network.get_weights()
    try:
        if source.path.suffix == ".npz":
            eight_bit.restore(network, source.path, network.name)
        else:
            network.load_weights(source.path)
        if not all(np.isfinite(array).all() for array in network.get_weights()):
            raise ValueError("it holds values that are not numbers")
    # Keras and h5py raise nearly every kind of exception on a broken file.
    except Exception as error:
        network.set_weights(before)
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise CourseError(
            f"{source.path} does not hold whole weights for this network ({reason}): delete "
            "the file, or name another one in COURSE_WEIGHTS, and try again."
        ) from None


def known(backbone: str) -> Backbone:
    """Look a backbone up by its name.

    Raises
    ------
    CourseError
        If there is no such backbone.
    """
    if backbone not in BACKBONES:
        raise CourseError(
            f"There is no backbone called {backbone!r}: use one of {', '.join(BACKBONES)}."
        )
    return BACKBONES[backbone]


def _named(choice: str) -> Source:
    path = Path(choice).expanduser()
    if not path.is_file():
        raise CourseError(
            f"There is no weights file {path}: choose a file that exists, or imagenet, "
            "simulated or random."
        )
    return Source("file", path)


def _imagenet(backbone: str) -> Source | None:
    """Weights trained on ImageNet: from Keras's cache, else by download, else None."""
    about = BACKBONES[backbone]
    path = cached(backbone)
    if not path.exists():
        if not _online():
            return None
        path = _downloaded(about.url, path)
    if path is not None and about.md5 and hashlib.md5(path.read_bytes()).hexdigest() != about.md5:
        raise CourseError(
            f"{path} is damaged or incomplete (its MD5 is not the published one): delete it and "
            "try again."
        )
    return path and Source("imagenet", path)


def _simulated(backbone: str) -> Source | None:
    """Weights trained on simulated slices: your own, else those that come with the course."""
    for folder in (settings.data_dir(), settings.ROOT / "data"):
        path = folder / "weights" / f"{backbone}.npz"
        if path.exists():
            eight_bit.check(path)
            return Source("simulated", path)
    return None


def _downloaded(url: str, path: Path) -> Path | None:
    from course_utils.core.backend import keras

    # Keras waits for ever on a connection that has gone quiet.
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(15)
    try:
        home, kind = path.parent.parent, path.parent.name
        return Path(keras.utils.get_file(path.name, url, cache_dir=str(home), cache_subdir=kind))
    # A network that breaks off is no network; Keras raises plain exceptions for it.
    except Exception as error:
        print(f"The download of {path.name} failed ({error}).")
        return None
    finally:
        socket.setdefaulttimeout(before)


@functools.cache
def _online(seconds: float = 1.5) -> bool:
    """Whether the host of the weights, or the proxy in front of it, answers."""
    proxy = urllib.request.getproxies().get("https")
    address = urllib.parse.urlsplit(proxy or _KERAS)
    port = address.port or (443 if address.scheme == "https" else 80)
    answered = []

    def knock() -> None:
        with contextlib.suppress(OSError):
            socket.create_connection((address.hostname, port), timeout=seconds).close()
            answered.append(True)

    # In a thread: the look-up of a name has no time-out of its own and can hang for a minute.
    knocking = threading.Thread(target=knock, daemon=True)
    knocking.start()
    knocking.join(seconds)
    return bool(answered)

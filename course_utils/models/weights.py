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

import numpy as np

from course_utils import settings
from course_utils.core.backend import keras
from course_utils.core.errors import CourseError, look_up, reason
from course_utils.models import eight_bit

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"


@dataclasses.dataclass(frozen=True)
class Backbone:
    """A network of :mod:`keras.applications`, and the file of its ImageNet weights, headless."""

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
    """Where weights come from: a ``"file"``, ``"imagenet"``, ``"simulated"``, or ``"random"``."""

    kind: str
    path: Path | None = None

    @property
    def identity(self) -> str:
        """Kind and SHA-256 of the file, shortened: two sources with one identity are equal."""
        return self.kind + (f"-{eight_bit.fingerprint(self.path)[:16]}" if self.path else "")

    @property
    def remedy(self) -> str:
        """What to do about a damaged file: what others have a hand in is not to be deleted."""
        if self.kind == "file":
            return "name another file in COURSE_WEIGHTS, or none"
        if self.kind == "imagenet":
            return "move it out of this folder and try again"
        if self.path.is_relative_to(settings.ROOT / "data"):
            first = f"restore it with 'git checkout -- data/weights/{self.path.name}'"
        else:
            first = "move it away, to use those of the course"
        return f"{first}, or make it anew with 'course pretrain {self.path.stem}'"


def resolve(backbone: str, choice: str | None = None) -> Source:
    """Find a backbone's weights, and print in one line which ones these are.

    Looked for in this order: a file that the user names; ImageNet weights, from Keras's cache or
    by download; the simulated weights of this course; random numbers, with a warning. Without a
    network this takes two seconds at most.

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
    title = look_up(BACKBONES, backbone, "backbone").title
    choice = choice or settings.variable("COURSE_WEIGHTS") or "any"
    finders = {"imagenet": _imagenet, "simulated": _simulated, "random": lambda _: Source("random")}
    if choice in ("any", *finders):
        # Whoever asks for one kind gets that kind or an error, never another one.
        wanted = [find for kind, find in finders.items() if choice in ("any", kind)]
        source = next(filter(None, (find(backbone) for find in wanted)), None)
    else:
        source = Source("file", Path(choice).expanduser())
        if not source.path.is_file():
            raise CourseError(
                f"There is no weights file {source.path}: choose a file that exists, or imagenet, "
                "simulated or random."
            )
    if source is None:
        raise CourseError(
            f"There are no {choice} weights for {title} on this computer, and none could be "
            "fetched: unset COURSE_WEIGHTS to take what there is, or name a file in it."
        )
    if choice == "any" and source.kind == "random":
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


def load(network: keras.Model, source: Source) -> None:
    """Put weights into a backbone; where the file is not sound, leave it as it is and say so.

    The backbone is one of the course or a plain one of :mod:`keras.applications` without its top,
    such as ``keras.applications.MobileNetV2(include_top=False, weights=None)``. From random
    weights nothing is loaded.
    """
    if source.path is None:
        return
    before = network.get_weights()
    try:
        if source.path.suffix == ".npz":
            # Keras calls its MobileNetV2 mobilenetv2_1.00_128, with width and side.
            eight_bit.restore(network, source.path, network.name.partition("_")[0])
        else:
            network.load_weights(source.path)
        if not all(np.isfinite(array).all() for array in network.get_weights()):
            raise ValueError("it holds values that are not numbers")
    # Keras and h5py raise nearly every kind of exception on a broken file.
    except Exception as error:
        network.set_weights(before)
        raise CourseError(
            f"{source.path} does not hold whole weights for this network ({reason(error)}): "
            f"{source.remedy}."
        ) from None


def _imagenet(backbone: str) -> Source | None:
    """Weights trained on ImageNet: from Keras's cache, else by download."""
    about, path = BACKBONES[backbone], cached(backbone)
    if not path.exists():
        path = _downloaded(about.url, path) if _online() else None
        if path is None:
            return None
    source = Source("imagenet", path)
    if about.md5 and hashlib.md5(path.read_bytes()).hexdigest() != about.md5:
        raise CourseError(
            f"{path} is damaged or incomplete (its MD5 is not the published one): {source.remedy}."
        )
    return source


def _simulated(backbone: str) -> Source | None:
    """Weights trained on simulated slices: your own, else those that come with the course."""
    for folder in (settings.data_dir(), settings.ROOT / "data"):
        source = Source("simulated", folder / "weights" / f"{backbone}.npz")
        if source.path.exists():
            eight_bit.check(source.path, source.remedy)
            return source
    return None


def _downloaded(url: str, path: Path) -> Path | None:
    # Keras waits for ever on a connection that has gone quiet.
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(15)
    try:
        # Where this folder cannot be written, Keras takes another.
        return Path(
            keras.utils.get_file(
                path.name, url, cache_dir=str(path.parents[1]), cache_subdir="models"
            )
        )
    # A network that breaks off is no network; Keras raises plain exceptions for it.
    except Exception as error:
        print(f"The download of {path.name} failed ({error}).")
        return None
    finally:
        socket.setdefaulttimeout(before)


@functools.cache
def _online(seconds: float = 1.5) -> bool:
    """Whether the host of the weights, or the proxy in front of it, answers."""
    try:
        address = _address()
    except ValueError:
        print("HTTPS_PROXY holds no address, so nothing is fetched: write it as http://host:port.")
        return False
    answered = []

    def knock() -> None:
        with contextlib.suppress(OSError):
            socket.create_connection(address, timeout=seconds).close()
            answered.append(True)

    # In a thread: the look-up of a name has no time-out of its own and can hang for a minute.
    knocking = threading.Thread(target=knock, daemon=True)
    knocking.start()
    knocking.join(seconds)
    return bool(answered)


def _address() -> tuple[str, int]:
    """Host and port that a download begins with, as urllib reads the variables of proxies."""
    host = urllib.parse.urlsplit(_KERAS).hostname
    proxy = urllib.request.getproxies().get("https")
    if not proxy or urllib.request.proxy_bypass(host):
        return host, 443
    parts = urllib.parse.urlsplit(proxy if "//" in proxy else f"//{proxy}")
    if not parts.hostname:
        raise ValueError(f"no host in {proxy}")
    return parts.hostname, parts.port or 443

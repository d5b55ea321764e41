"""Where weights come from, offline and with broken files."""

import shutil
import socket
import time

import keras
import numpy as np
import pytest

from course_utils import models, settings
from course_utils.core.errors import CourseError
from course_utils.models import eight_bit, weights
from course_utils.models.weights import Source

SHARED = settings.ROOT.parent / "shared" / "keras_home" / "models"
IMAGENET = SHARED / weights.BACKBONES["mobilenetv2"].url.rpartition("/")[2]


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """No choice made, an empty Keras cache, and nothing remembered about the network."""
    monkeypatch.delenv("COURSE_WEIGHTS", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(weights, "_simulated", lambda backbone: None)
    # The answer is remembered for good: each test asks anew.
    monkeypatch.setattr(weights, "_online", weights._online.__wrapped__)


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setattr(weights, "_online", lambda: False)


def backbone():
    return keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(128, 128, 3)
    )


def cached(tmp_path, name="mobilenetv2"):
    """Path of a backbone's file in the Keras cache of this test."""
    path = tmp_path / "keras" / "models" / weights.BACKBONES[name].url.rpartition("/")[2]
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_offline_falls_back_to_random_with_a_warning(offline, capsys):
    assert weights.resolve("mobilenetv2") == Source("random")
    said = capsys.readouterr().out
    assert said.startswith("Warning: no pretrained weights for MobileNetV2")
    assert said.count("\n") == 1


@pytest.mark.parametrize("hangs", ["lookup", "connection"])
def test_a_dead_network_costs_at_most_two_seconds(monkeypatch, hangs):
    def hang(*args, **kwargs):
        time.sleep(30)
        raise OSError("timed out")

    monkeypatch.setattr(socket, {"lookup": "getaddrinfo"}.get(hangs, "create_connection"), hang)
    begin = time.monotonic()
    assert weights.resolve("resnet50").kind == "random"
    assert time.monotonic() - begin < 2


def test_a_refused_connection_is_no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    assert weights.resolve("mobilenetv2").kind == "random"


def test_a_proxy_is_asked_where_there_is_one(monkeypatch):
    asked = []

    class Connection:
        def close(self):
            pass

    def connect(address, timeout):
        asked.append(address)
        return Connection()

    monkeypatch.setattr(socket, "create_connection", connect)
    for variables, address in {
        "http://proxy.example:3128 ": ("proxy.example", 3128),
        "proxy.example:3128 ": ("proxy.example", 3128),
        "http://name:secret@proxy.example ": ("proxy.example", 443),
        "http://proxy.example:3128 googleapis.com": ("storage.googleapis.com", 443),
        " ": ("storage.googleapis.com", 443),
    }.items():
        for name, value in zip(("https_proxy", "no_proxy"), variables.split(" "), strict=True):
            monkeypatch.setenv(name, value)
        assert weights._online()
        assert asked.pop() == address


@pytest.mark.parametrize("proxy", ["http://proxy:port", "http://", "http://[::1", "proxy:99999"])
def test_a_proxy_that_is_no_address_is_refused_in_words(monkeypatch, capsys, proxy):
    monkeypatch.setenv("https_proxy", proxy)
    assert weights.resolve("mobilenetv2").kind == "random"
    assert "HTTPS_PROXY holds no address" in capsys.readouterr().out


def test_a_download_that_breaks_off_leads_to_the_next_choice(monkeypatch, capsys):
    def break_off(*args, **kwargs):
        raise Exception("URL fetch failure on somewhere: None -- timed out")

    monkeypatch.setattr(weights, "_online", lambda: True)
    monkeypatch.setattr(keras.utils, "get_file", break_off)
    assert weights.resolve("mobilenetv2").kind == "random"
    assert "timed out" in capsys.readouterr().out
    assert socket.getdefaulttimeout() is None


def test_order_of_the_choices(monkeypatch, offline, tmp_path, capsys):
    simulated = Source("simulated", tmp_path / "simulated.weights.h5")
    monkeypatch.setattr(weights, "_simulated", lambda backbone: simulated)
    assert weights.resolve("mobilenetv2") == simulated

    imagenet = cached(tmp_path)
    imagenet.touch()
    assert weights.resolve("mobilenetv2") == Source("imagenet", imagenet)
    assert "MobileNetV2 weights: imagenet" in capsys.readouterr().out

    mine = tmp_path / "mine.weights.h5"
    mine.touch()
    monkeypatch.setenv("COURSE_WEIGHTS", str(mine))
    assert weights.resolve("mobilenetv2") == Source("file", mine)
    assert weights.resolve("mobilenetv2", "simulated") == simulated

    monkeypatch.setenv("COURSE_WEIGHTS", "random")
    assert weights.resolve("mobilenetv2") == Source("random")
    monkeypatch.setenv("COURSE_WEIGHTS", " ")
    assert weights.resolve("mobilenetv2") == Source("imagenet", imagenet)


@pytest.mark.parametrize("choice", ["imagenet", "simulated", "nowhere/at_all.h5"])
def test_a_choice_that_cannot_be_had_is_an_error(offline, choice):
    with pytest.raises(CourseError, match=choice):
        weights.resolve("mobilenetv2", choice)


def test_an_unknown_backbone_is_named():
    with pytest.raises(CourseError, match="'vgg'.*mobilenetv2, resnet50"):
        weights.resolve("vgg")


def test_weights_come_back_as_they_were_saved(tmp_path):
    network, other = backbone(), backbone()
    path = tmp_path / "mine.weights.h5"
    network.save_weights(path)
    weights.load(other, Source("file", path))
    for saved, loaded in zip(network.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(saved, loaded)


@pytest.mark.parametrize("name", weights.BACKBONES)
def test_a_plain_network_of_keras_takes_the_weights_of_the_course(name):
    title = weights.BACKBONES[name].title
    plain = getattr(keras.applications, title)(
        include_top=False, weights=None, input_shape=(64, 64, 3)
    )
    source = Source("simulated", settings.ROOT / "data" / "weights" / f"{name}.npz")
    weights.load(plain, source)
    ours = models.transfer(name, source)
    loaded = [layer for layer in plain.layers if layer.weights]
    assert len(loaded) > 50
    for layer in loaded:
        for one, other in zip(
            layer.get_weights(), ours.get_layer(layer.name).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_a_plain_network_refuses_the_weights_of_another(tmp_path):
    source = Source("simulated", settings.ROOT / "data" / "weights" / "resnet50.npz")
    with pytest.raises(CourseError, match="it is for resnet50"):
        weights.load(backbone(), source)


def truncated(path, network):
    network.save_weights(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def of_another_network(path, network):
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save_weights(path)


def not_numbers(path, network):
    kernel = network.get_layer("block_16_project").kernel
    before = kernel.numpy()
    kernel.assign(np.full(kernel.shape, np.nan))
    network.save_weights(path)
    kernel.assign(before)


def no_weights(path, network):
    path.write_text("<html>Please accept our terms to use this Wi-Fi</html>")


@pytest.mark.parametrize("damage", [truncated, of_another_network, not_numbers, no_weights])
def test_a_damaged_file_is_refused_by_name_and_never_half_loaded(tmp_path, damage):
    network = backbone()
    before = network.get_weights()
    path = tmp_path / "damaged.weights.h5"
    damage(path, network)
    with pytest.raises(
        CourseError, match=r"damaged\.weights\.h5 .*: name another file in COURSE_W"
    ):
        weights.load(network, Source("file", path))
    for was, now in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)


def test_a_damaged_resnet_in_the_cache_is_refused_by_name(offline, tmp_path):
    path = cached(tmp_path, "resnet50")
    path.write_bytes(b"half a file")
    with pytest.raises(CourseError, match=f"{path.name} is damaged.*: move it out"):
        weights.resolve("resnet50")
    assert path.read_bytes() == b"half a file"


def test_no_advice_deletes_what_others_made(own_data_folder):
    def remedy(kind, folder):
        return Source(kind, folder / "weights" / "mobilenetv2.npz").remedy

    assert remedy("file", own_data_folder).startswith("name another file in COURSE_WEIGHTS")
    assert remedy("simulated", settings.ROOT / "data").startswith(
        "restore it with 'git checkout -- data/weights/mobilenetv2.npz', or make it anew with"
    )
    own = remedy("simulated", own_data_folder)
    assert own.startswith("move it away") and "git" not in own


def test_identity_follows_the_contents_of_the_file(tmp_path):
    one, same, other = (tmp_path / name for name in "abc")
    one.write_bytes(b"1"), same.write_bytes(b"1"), other.write_bytes(b"2")
    assert Source("file", one).identity == Source("file", same).identity
    assert Source("file", one).identity != Source("file", other).identity
    assert Source("random").identity == "random"


@pytest.mark.skipif(not IMAGENET.exists(), reason="no ImageNet weights in ../shared/keras_home")
def test_imagenet_weights_in_the_cache_are_used_and_need_no_network(monkeypatch, offline, tmp_path):
    shutil.copy(IMAGENET, cached(tmp_path))
    source = weights.resolve("mobilenetv2")
    assert source.kind == "imagenet"
    model = models.transfer("mobilenetv2", source)
    kernel = model.get_layer("Conv1").kernel.numpy()
    # Random kernels of this shape stay below 0.2; trained ones do not.
    assert np.abs(kernel).max() > 1


def test_simulated_weights_of_ones_own_come_before_those_of_the_course(
    monkeypatch, own_data_folder, capsys
):
    monkeypatch.undo()
    monkeypatch.setenv("COURSE_DATA", str(own_data_folder))
    course = weights.resolve("mobilenetv2", "simulated").path
    assert course == settings.ROOT / "data" / "weights" / "mobilenetv2.npz"
    own = own_data_folder / "weights" / "mobilenetv2.npz"
    eight_bit.save(backbone(), own, "mobilenetv2")
    assert weights.resolve("mobilenetv2", "simulated") == Source("simulated", own)
    assert "simulated (mobilenetv2.npz)" in capsys.readouterr().out


def test_a_damaged_file_of_simulated_weights_is_refused_by_name(monkeypatch, own_data_folder):
    monkeypatch.undo()
    monkeypatch.setenv("COURSE_DATA", str(own_data_folder))
    own = own_data_folder / "weights" / "mobilenetv2.npz"
    eight_bit.save(backbone(), own, "mobilenetv2")
    whole = own.read_bytes()
    own.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CourseError, match=r"mobilenetv2\.npz is damaged.*course pretrain"):
        weights.resolve("mobilenetv2", "simulated")


def test_the_weights_of_the_course_fit_and_change_every_kernel(monkeypatch, own_data_folder):
    monkeypatch.undo()
    monkeypatch.setenv("COURSE_DATA", str(own_data_folder))
    for name in weights.BACKBONES:
        model = models.transfer(name, weights.resolve(name, "simulated"))
        random = models.transfer(name, Source("random"))
        for one, other in zip(model.layers, random.layers, strict=True):
            if one.name in ("logits",) or not one.weights:
                continue
            for first, second in zip(one.get_weights(), other.get_weights(), strict=True):
                if first.ndim > 1:
                    assert not np.array_equal(first, second), one.name

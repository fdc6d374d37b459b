"""Compute settings are measured on this processor, stored, and reported."""

import json
import os
import subprocess
import sys
from contextlib import suppress

import pytest
import torch
from torch import nn

from ml.models import autotune as module
from ml.models.autotune import autotune
from ml.models.compute import cores
from ml.models.residual import ResidualNet
from ml.roles import train_role
from tests.unit.conftest import labelled

BATCH = torch.zeros(4, 1, 16, 16)
ASKED = ("WANDERERS_PRECISION", "WANDERERS_MEMORY_FORMAT", "WANDERERS_THREADS", "WANDERERS_TRAINING_THREADS")
CAPPED = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
CONVOLUTIONS = """
import torch
from torch import nn
from ml.models.autotune import autotune
layers = [layer for n in (1, 32, 32) for layer in (nn.Conv2d(n, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU())]
found = autotune(nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), torch.rand(16, 1, 64, 64))
print(found.precision, found.source)
"""


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch, tmp_path):
    for name in ASKED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDERERS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))


@pytest.fixture
def model():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def test_bfloat16_is_not_taken_where_it_is_emulated(tmp_path):
    """Ten times as slow as float32 on a processor with AVX2 only, it was once chosen nevertheless."""
    environment = os.environ | CAPPED | {"WANDERERS_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", CONVOLUTIONS], capture_output=True, text=True, env=environment)
    assert done.stdout.split() == ["float32", "measured"], done.stderr


def test_the_next_run_need_not_measure(model, monkeypatch):
    first = autotune(model, BATCH)
    assert (first.source, first.samples_per_second > 0) == ("measured", True)
    monkeypatch.setattr(module, "_measured", None)
    again = autotune(model, BATCH)
    assert again.source == "stored"
    assert (again.precision, again.memory_format, again.threads) == (
        first.precision,
        first.memory_format,
        first.threads,
    )


@pytest.mark.parametrize("other", ["shape", "network", "inference", "processor"])
def test_another_network_or_processor_is_measured_anew(model, monkeypatch, other):
    autotune(model, BATCH)
    if other == "processor":
        monkeypatch.setattr(module, "_processor", lambda: "another")
    if other == "network":
        model.append(nn.Linear(4, 2))
    batch = torch.zeros(4, 1, 20, 20) if other == "shape" else BATCH
    assert autotune(model, batch, training=other != "inference").source == "measured"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"precision": "int8"}'])
def test_a_damaged_cache_is_measured_anew(model, tmp_path, content):
    autotune(model, BATCH)
    (stored,) = (tmp_path / "cache" / "autotune").iterdir()
    stored.write_text(content)
    assert autotune(model, BATCH).source == "measured"
    assert json.loads(stored.read_text())["source"] == "measured"


def test_a_cache_that_cannot_be_written_is_done_without(model, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("WANDERERS_CACHE", str(tmp_path / "file"))
    assert autotune(model, BATCH).source == autotune(model, BATCH).source == "measured"


def test_the_environment_outranks_what_was_measured(model, monkeypatch):
    autotune(model, BATCH)
    monkeypatch.setenv("WANDERERS_PRECISION", "bfloat16")
    assert autotune(model, BATCH).precision == "bfloat16"
    monkeypatch.setenv("WANDERERS_MEMORY_FORMAT", "channels_last")
    monkeypatch.setenv("WANDERERS_THREADS", "3")
    said = autotune(model, BATCH)
    assert (said.precision, said.memory_format, said.threads) == ("bfloat16", "channels_last", 3)
    assert said.source == "environment"
    monkeypatch.setenv("WANDERERS_TRAINING_THREADS", "1")
    assert autotune(model, BATCH).threads == 1
    assert autotune(model, BATCH, training=False).threads == 3
    assert autotune(model, BATCH, training=False).precision == "float32", "inference is the same everywhere"


@pytest.mark.parametrize(
    ("name", "value"),
    [("PRECISION", "int8"), ("MEMORY_FORMAT", "last"), ("THREADS", "0"), ("THREADS", "two")],
)
def test_a_wrong_word_is_refused_by_name(model, monkeypatch, name, value):
    monkeypatch.setenv(f"WANDERERS_{name}", value)
    with pytest.raises(ValueError, match=f"WANDERERS_{name} is .*, not '{value}'"):
        autotune(model, BATCH)


def test_threads_that_were_chosen_beside_other_work_are_measured_again(model, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (float(cores()), 0.0, 0.0))
    first = autotune(model, BATCH)
    monkeypatch.setattr(module, "_fastest", None)
    assert first.source == autotune(model, BATCH).source == "measured"
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    assert autotune(model, BATCH).source == "measured"
    assert autotune(model, BATCH).source == "stored"


def test_measuring_leaves_everything_as_it_was(model):
    model.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    autotune(model, BATCH)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_threads_are_given_back(model, monkeypatch):
    monkeypatch.setenv("WANDERERS_THREADS", "3")
    before = torch.get_num_threads()
    with suppress(KeyError), autotune(model, BATCH).limited():
        assert torch.get_num_threads() == 3
        raise KeyError
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("memory_format", ["contiguous", "channels_last"])
@pytest.mark.parametrize("shape", [(2, 3, 8, 8), (2, 3, 4, 8, 8)])
def test_both_memory_formats_give_the_same_answers(monkeypatch, memory_format, shape):
    monkeypatch.setenv("WANDERERS_MEMORY_FORMAT", memory_format)
    torch.manual_seed(1)
    convolution, batch = (nn.Conv2d if len(shape) == 4 else nn.Conv3d)(3, 4, 3), torch.rand(shape)
    expected = convolution(batch)
    compute = autotune(convolution, batch, training=False)
    placed = compute.place(batch, torch.device("cpu"))
    assert placed.is_contiguous() == (memory_format == "contiguous")
    assert torch.allclose(compute.place(convolution, torch.device("cpu"))(placed), expected, atol=1e-6)


def test_a_model_says_how_its_network_was_computed(kinds, pixels, monkeypatch):
    monkeypatch.setenv("WANDERERS_PRECISION", "float32")
    made = train_role.train("stamp", labelled(kinds[:40], pixels=pixels[:40]), preset="small")
    said = made.manifest["compute"]
    assert (said["precision"], said["source"], said["threads"] >= 1) == ("float32", "measured", True)
    assert said["samples_per_second"] > 0


def test_channels_last_is_left_alone_where_torch_corrupts_memory(monkeypatch):
    """The trail network's first shortcut crashed the process."""
    monkeypatch.setenv("WANDERERS_MEMORY_FORMAT", "channels_last")
    shortcut = nn.Conv2d(12, 24, 1, 2, bias=False)
    assert autotune(shortcut, torch.rand(2, 12, 8, 8)).memory_format == "contiguous"
    assert autotune(nn.Conv2d(32, 24, 1, 2), torch.rand(2, 32, 8, 8)).memory_format == "channels_last"


def test_a_network_without_weights_is_computed_too():
    assert autotune(nn.Flatten(), BATCH, training=False).threads >= 1


def test_a_residual_net_is_judged_by_what_it_is_to_do():
    found = autotune(ResidualNet(1), torch.rand(8, 1, 32, 32), training=False)
    assert found.precision == "float32"

"""What every test shares: one thread for torch (equal bits, and cores for others), messages in English."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# of each kind of language model one: they are large and much alike, and the others are left to the soak
QUICK = ("deepseek_v3", "falcon_h1_0.5b", "gpt_oss_20b", "lfm2_1.2b", "llama4_scout", "mamba2_2.7b", "mixtral_8x7b")
MODELS = [
    pytest.param(path, id=path.stem, marks=[] if path.stem in QUICK else pytest.mark.soak)
    for path in sorted((ROOT / "specs" / "llm").glob("*.net"))
]
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.pop("NETSPEC_LANG", None)


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pytest_collection_finish() -> None:
    """What is imported and collected stays to the end: to look through it for garbage again and again would take most
    of the time of all tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refresh", action="store_true", help="write golden files anew, to be read in review")


@pytest.fixture
def refresh(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are written anew."""
    return bool(request.config.getoption("--refresh"))

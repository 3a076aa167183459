"""The site as it is built: no warning, no request to another server, Korean that can be searched, pages in pairs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.fences import LANGUAGES
from docs.korean_search import SearchKorean
from tests.conftest import ROOT

for _part in ("torch", "sphinx", "myst_parser", "furo", "matplotlib"):
    pytest.importorskip(_part)

# what makes a browser fetch something: an address in a link a reader may click does not
_FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc=["'](?:https?:)?//[^"']*"""
    r"""|<link\b(?=[^>]*\brel=["'](?:stylesheet|preload|preconnect|icon|dns-prefetch|manifest)["'])[^>]*\bhref=["'](?:https?:)?//[^"']*"""
    r"""|@import\s+(?:url\()?["']?(?:https?:)?//[^"')]*|url\(\s*["']?(?:https?:)?//[^"')]*"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both languages, built at the same time."""
    out = tmp_path_factory.mktemp("site")
    code = "import sys, pathlib; from docs.build import build; sys.exit(build(sys.argv[1], pathlib.Path(sys.argv[2])))"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, language, str(out)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for language in LANGUAGES
    ]  # fmt: skip
    for process in running:
        said, _ = process.communicate()
        assert process.returncode == 0, said
        assert "WARNING" not in said
    return out


def files(site: Path, language: str, *suffixes: str) -> list[Path]:
    return [path for path in sorted((site / language).rglob("*")) if path.suffix in suffixes]


@pytest.mark.soak
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_fetched_from_elsewhere(site: Path, language: str) -> None:
    found = files(site, language, ".html", ".css", ".svg")
    assert len(found) > 100
    for path in found:
        assert not _FETCHED.findall(path.read_text(encoding="utf-8")), path


def test_the_search_for_outside_addresses_finds_them() -> None:
    assert _FETCHED.findall('<script src="https://cdn.example/x.js"></script>')
    assert _FETCHED.findall('<link rel="stylesheet" href="//fonts.example/a.css">')
    assert _FETCHED.findall("@import url(https://fonts.example/a.css);")
    assert not _FETCHED.findall('<a href="https://pytorch.org">')


@pytest.mark.soak
def test_both_languages_have_the_same_pages(site: Path) -> None:
    english, korean = (
        {path.relative_to(site / language).as_posix() for path in files(site, language, ".html")}
        for language in LANGUAGES
    )
    assert english == korean


@pytest.mark.soak
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_leads_somewhere(site: Path, language: str) -> None:
    anchors: dict[Path, set[str]] = {}
    for path in files(site, language, ".html"):
        anchors[path.resolve()] = set(re.findall(r'\bid="([^"]+)"', path.read_text(encoding="utf-8")))
    for path in anchors:
        for link in re.findall(r'<(?:a|img)\b[^>]*\b(?:href|src)="([^"]+)"', path.read_text(encoding="utf-8")):
            if re.match(r"(https?|mailto|data|javascript):", link):
                continue
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path
            assert target.exists(), f"{path.name}: {link}"
            if anchor and target in anchors:
                assert anchor in anchors[target], f"{path.name}: {link}"


def terms(site: Path, language: str) -> dict[str, object]:
    text = (site / language / "searchindex.js").read_text(encoding="utf-8")
    found: dict[str, object] = json.loads(text[text.index("{") : text.rindex("}") + 1])["terms"]
    return found


@pytest.mark.soak
def test_korean_search_finds_a_noun_whatever_follows_it(site: Path) -> None:
    found = terms(site, "ko")
    assert len(found["퍼셉트론"]) >= 8  # type: ignore[arg-type]
    assert "퍼셉트론은" not in found
    assert {"가중치", "필터", "신경망", "학습"} <= set(found)


WORDS = {
    "퍼셉트론은": "퍼셉트론",
    "퍼셉트론의": "퍼셉트론",
    "층으로": "층",
    "가중치를": "가중치",
    "필터에서는": "필터",
    "속도가": "속도",
    "속도": "속도",
    "나무": "나무",
    "층": "층",
    "conv2d": "conv2d",
}


@pytest.mark.parametrize("word", WORDS)
def test_korean_particles(word: str) -> None:
    assert SearchKorean({}).stem(word) == WORDS[word]


def test_a_noun_that_ends_like_a_particle_meets_itself() -> None:
    stem = SearchKorean({}).stem
    assert stem("정확도") == stem("정확도가") == stem("정확도는")


@pytest.mark.skipif(shutil.which("node") is None, reason="the browser's half of the search needs node")
def test_the_browser_takes_off_the_same_particles(tmp_path: Path) -> None:
    words = [*WORDS, "정확도", "정확도가", "것으로부터"]
    script = tmp_path / "stem.js"
    code = SearchKorean.js_stemmer_code
    script.write_text(
        f"{code}\nconsole.log({json.dumps(words)}.map(new Stemmer().stemWord).join(' '))", encoding="utf-8"
    )
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [SearchKorean({}).stem(word) for word in words]

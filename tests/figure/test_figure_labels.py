"""Where labels really are: in Chromium and in PNG, with the fonts netspec brings and with others, as the Scene says."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

import netspec
from netspec.cli.output import written
from netspec.figure.backends import fonts
from netspec.figure.backends.fonts import fonts_for
from netspec.figure.backends.pdf import pdf
from netspec.figure.backends.png import png
from netspec.figure.backends.svg import PX, Options, svg
from netspec.figure.scene import Rect, Scene, Text
from netspec.figure.scene.typeset import typeset, words
from tests.figure.drawn import POST, draw

NEAR = 0.7  # mm
BEARING = 0.06  # what a glyph's width leaves free at a side, in sizes: a box is as wide as the run
LARGE = 0.045  # the same of a letter that fills a map, in its sizes
FIGURES = sorted(path for path in POST.glob("*.net") if path.stem != "filters")
SYSTEM = Path("/usr/share/fonts")
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
EXTRA = """
net labels "다층 퍼셉트론 — “quotes” & <tags>" {
  input  image_rows: 784 "입력 벡터: 28×28 pixels"
  hidden 은닉: 128 perceptrons -> gelu "first hidden layer (128)"
  output logits: 10 perceptrons "출력층"
}
figure {
  view = neurons
  captions = ["가중치와 편향", "weights, again"]
}
"""


@lru_cache(maxsize=1)
def labels() -> tuple[Text, ...]:
    """Every label of the post's figures and some more, each once, as it is set."""
    found: dict[tuple[Any, ...], Text] = {}
    scenes = [netspec.load(path).net().render().scene for path in FIGURES]
    scenes += [draw(EXTRA), draw(EXTRA, view="blocks"), draw(EXTRA, view="planes")]
    for scene in scenes:
        for text in scene.texts:
            if text.plain.strip():
                found.setdefault((text.lines, round(text.size, 2), text.align), text)
    return tuple(found.values())


def specimen(chosen: tuple[Text, ...]) -> Scene:
    """All labels on one sheet, one below the other."""
    from dataclasses import replace

    items, y = [], 0.0
    for number, text in enumerate(chosen):
        box = text.box
        items.append(replace(text, id=f"label{number}", x=text.x - box.left, y=text.y - box.top + y, inside=""))
        y += box.height + 8
    right = max(item.box.right for item in items)
    return Scene(view="neurons", items=tuple(items), canvas=Rect(-8, -8, right + 8, y + 8))


def korean(text: Text) -> bool:
    return any(run.family == "cjk" for run in typeset(text.lines, 0, 0, 1))


def off(found: Rect, box: Rect, narrower: float = 0.0) -> float:
    """How far the farthest of a box's sides is from where it should be."""
    left, right = found.left - box.left, box.right - found.right
    level = [max(-side, side - narrower) for side in (left, right)]
    return max(*level, abs(found.top - box.top), abs(found.bottom - box.bottom))


def rounded(box: Rect) -> list[float]:
    return [round(side, 2) for side in box]


def wrong(found: dict[str, Rect], scene: Scene, bearing: float = 0.0) -> list[str]:
    """Labels whose box is another than the Scene's; `bearing`: by how much ink may be narrower, in sizes."""
    texts = {text.id: text for text in scene.texts}
    return [
        f"{text.plain!r} of size {text.size:.1f}: {rounded(found[name])} for {rounded(text.box)}"
        for name, text in texts.items()
        if off(found[name], text.box, bearing * text.size) > max(NEAR, LARGE * text.size)
    ]


# ---- PNG


def ink_boxes(scene: Scene, warnings: list[Any]) -> dict[str, Rect]:
    """Where the ink of each label of a specimen is, in millimetres."""
    import numpy as np
    from PIL import Image

    scale = 1.5
    data = png(scene, Options(transparent=True), scale, warnings)
    alpha = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))[:, :, 3] > 40
    found = {}
    step = 1 / (PX * scale)
    for text in scene.texts:
        box = text.box.grown(3.9)
        left, right = (int((x - scene.canvas.left) / step) for x in (box.left, box.right))
        top, bottom = (int((y - scene.canvas.top) / step) for y in (box.top, box.bottom))
        rows, columns = np.nonzero(alpha[max(top, 0) : bottom, max(left, 0) : right])
        assert len(rows), f"{text.plain!r} is blank"
        columns, rows = columns.astype(float).tolist(), rows.astype(float).tolist()
        x, y = scene.canvas.left + max(left, 0) * step, scene.canvas.top + max(top, 0) * step
        found[text.id] = Rect(
            x + min(columns) * step, y + min(rows) * step, x + (max(columns) + 1) * step, y + (max(rows) + 1) * step
        )
    return found


BARE = ""  # NETSPEC_FONTS of a machine without fonts


def test_ink_of_labels_in_png_on_a_machine_without_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSPEC_FONTS", BARE)
    scene, warnings = specimen(labels()), []
    assert "\n".join(wrong(ink_boxes(scene, warnings), scene, BEARING)) == ""
    assert warnings == []


@pytest.mark.skipif(not (SYSTEM / "truetype/liberation").is_dir(), reason="Liberation fonts are not installed")
def test_ink_of_labels_in_png_with_liberation_and_noto_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "folders", lambda: [SYSTEM / "truetype/liberation", SYSTEM / "opentype/noto"])
    chosen = tuple(text for text in labels() if (SYSTEM / "opentype/noto").is_dir() or not korean(text))
    scene, warnings = specimen(chosen), []
    assert "\n".join(wrong(ink_boxes(scene, warnings), scene, BEARING)) == ""
    assert warnings == []


def test_text_in_pdf_on_a_machine_without_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSPEC_FONTS", BARE)
    scene, warnings = specimen(labels()), []
    pdf(scene, Options(), warnings)
    assert warnings == []
    runs = [run for text in scene.texts for run in typeset(text.lines, 0, 0, 1)]
    chosen = fonts_for(scene)
    drawn = [piece.text for run in runs for _, piece in chosen.pieces(run)]
    assert "".join(drawn) == "".join(run.text for run in runs)


def set_in(text: str) -> tuple[list[tuple[str, str]], str]:
    """The font of each piece of a text in words, and the characters that have none."""
    (run,) = typeset((words(text),), 0, 0, 5)
    chosen = fonts.choose([run])
    return [(cut.title, piece.text) for cut, piece in chosen.pieces(run)], chosen.missing


def test_a_letter_that_a_font_lacks_changes_no_other_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSPEC_FONTS", BARE)
    assert set_in("mean ⨃ max") == ([("DejaVu Sans", "mean "), ("STIXGeneral", "⨃"), ("DejaVu Sans", " max")], "")
    assert set_in("mean ก max") == ([("DejaVu Sans", "mean "), ("DejaVu Sans", " max")], "ก")


def test_letters_without_a_font_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSPEC_FONTS", BARE)
    picture = netspec.parse('net thai {\n  input x: 2 "ก갹"\n  output y: 1 perceptron\n}').net().render()
    picture.png(1)
    (warning,) = picture.warnings
    assert (warning.code, warning.severity) == ("NS721", "warning")
    for lang in ("en", "ko"):
        said = written([warning], "text", lang, False)  # type: ignore[arg-type]
        assert "ก" in said
        assert "갹" not in said


# ---- Chromium

SCRIPT = """
const canvas = document.createElement('canvas').getContext('2d');
document.fonts.ready.then(async () => {
  for (const face of FACES) await document.fonts.load(face);
  const found = {};
  for (const text of document.querySelectorAll('svg text')) {
    const box = text.getBBox();
    let top = Infinity, bottom = -Infinity;
    for (const run of text.querySelectorAll('tspan')) {
      const style = getComputedStyle(run), size = parseFloat(style.fontSize);
      canvas.font = `${style.fontStyle} ${style.fontWeight} 100px ${style.fontFamily}`;
      const ink = canvas.measureText(run.textContent), y = parseFloat(run.getAttribute('y'));
      top = Math.min(top, y - ink.actualBoundingBoxAscent * size / 100);
      bottom = Math.max(bottom, y + ink.actualBoundingBoxDescent * size / 100);
    }
    found[text.id] = [box.x, top, box.x + box.width, bottom, box.y, box.y + box.height];
  }
  const out = document.createElement('pre');
  out.id = 'found';
  out.textContent = JSON.stringify(found);
  document.body.append(out);
});
"""


def chromium_boxes(scene: Scene, folder: Path, css: str = "", faces: tuple[str, ...] = ()) -> dict[str, Rect]:
    """The boxes of all labels as the browser has them: ends by getBBox, height by the ink of the runs."""
    page = folder / "page.html"
    script = SCRIPT.replace("FACES", json.dumps(faces))
    drawn = svg(scene, Options(style=css))
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{drawn}<script>{script}</script>", encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={folder}/profile",
        "--virtual-time-budget=9000",
    ]
    done = subprocess.run(
        [CHROMIUM, *flags, "--dump-dom", page.as_uri()], capture_output=True, timeout=120, check=False
    )
    text = done.stdout.decode("utf-8")
    assert '<pre id="found">' in text, done.stderr.decode("utf-8", "replace")[-2000:]
    found = json.loads(text.split('<pre id="found">')[1].split("</pre>")[0])
    boxes = {}
    for name, (left, top, right, bottom, high, low) in found.items():
        assert high - 0.2 <= top <= bottom <= low + 0.2
        boxes[name] = Rect(left, top, right, bottom)
    return boxes


def embedded() -> str:
    """The carried math fonts as @font-face rules, as on a machine that has them."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    rules = []
    for name, style in (("STIXGeneral.ttf", "normal"), ("STIXGeneralItalic.ttf", "italic")):
        data = base64.b64encode((folder / name).read_bytes()).decode("ascii")
        rules.append(f"@font-face{{font-family:STIXGeneral;font-style:{style};src:url(data:font/ttf;base64,{data})}}")
    return "".join(rules)


needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")


@needs_chromium
def test_boxes_of_labels_in_chromium_with_the_fonts_that_are_carried(tmp_path: Path) -> None:
    scene = specimen(labels())
    found = chromium_boxes(scene, tmp_path, embedded(), ("20px STIXGeneral", "italic 20px STIXGeneral"))
    assert wrong(found, scene) == []


@needs_chromium
def test_boxes_of_labels_in_chromium_with_the_systems_fonts(tmp_path: Path) -> None:
    scene = specimen(labels())
    assert wrong(chromium_boxes(scene, tmp_path), scene) == []


def test_captions_stand_below_the_number_of_an_example() -> None:
    text = 'net n {\n  input x: 2\n  output y: 1 perceptron (weights = [[3, -2, -2]]) -> step "output"\n}'
    scene = netspec.parse(text).net().render(view="perceptron", input="1, 1").scene
    (low,) = [one.box.bottom for one in scene.texts if "formula" in one.classes and "= 0" in one.plain]
    assert low < min(one.box.top for one in scene.texts if "caption" in one.classes)

"""The `net figure` fences of a page -> pictures: the page's Markdown with an image after each of them."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import tempfile
import zlib
from pathlib import Path
from typing import Any

import netspec
from docs.fences import Fence, fences

_NUMBERS = ("depth", "steps")
_LIVE = {"en": "Change it in the browser", "ko": "브라우저에서 고쳐 보기"}
_NOT_SETTINGS = ("figure", "file", "picture", "error", "set", "net", "name")


def with_pictures(page: str, language: str, folder: Path, to_folder: str, live: str = "") -> str:
    """A page's text with the picture of each figure after its fence; the pictures land in `folder`.

    `live` is the address of a page of `netspec site`, where links below the figures show those that a text alone makes.
    """
    out: list[str] = []
    end = 0
    files = Path(tempfile.mkdtemp())  # specs of the page that others of it use
    for fence in fences(page):
        if fence.kind == "net" and "file" in fence.flags:
            (files / fence.flags["file"]).write_text(fence.text, encoding="utf-8")
        out.append(page[end : fence.start])
        end = fence.end
        out.append(
            f"```{'text' if fence.kind in ('', 'csv') else fence.kind}\n{fence.text}```\n"
            if fence.kind[:1] != "{"
            else page[fence.start : end]
        )
        if fence.kind == "net" and "figure" in fence.flags:
            name, alt = draw(fence, language, folder, files)
            out.append(f"\n![{alt}]({to_folder}/{name})\n")
            if live and not fence.flags.keys() & {"set", "picture"} and "\nuse " not in fence.text:
                out.append(f'\n<a href="{live}#{address(fence)}">{_LIVE[language]}</a>\n')
    shutil.rmtree(files)
    return "".join(out) + page[end:]


def draw(fence: Fence, language: str, folder: Path, files: Path) -> tuple[str, str]:
    """The picture of one fence: its file's name, and what it shows in words. `files`: what the fence may use."""
    net = netspec.parse(fence.text, folder=files).net(fence.flags.get("net"), **sizes(fence))
    alt = next((str(line) for line in (net.graph.caption, net.name) if line), net.name)
    if fence.flags.get("picture") == "curve":
        data, ending = curve(net), "svg"
    else:
        data, ending = picture(net, fence, language), "svg"
    name = f"{net.name}-{hashlib.sha256(data).hexdigest()[:12]}.{ending}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return name, alt.replace("]", "").replace("[", "")


def address(fence: Fence) -> str:
    """The state of a page that shows a fence, as `Copy link` writes it behind the `#`."""
    settings = {name: fence.flags[name] for name in ("net", "view", "theme", "depth") if fence.flags.get(name)}
    packer = zlib.compressobj(9, wbits=-15)
    data = packer.compress(json.dumps({"text": fence.text, **settings}).encode()) + packer.flush()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def sizes(fence: Fence) -> dict[str, int]:
    """`set=H=3,K=2` as sizes of the net."""
    pairs = (item.split("=") for item in fence.flags.get("set", "").split(",") if item)
    return {name: int(value) for name, value in pairs}


def picture(net: Any, fence: Fence, language: str) -> bytes:
    """netspec's figure; a setting of the fence's own wins over the page's language."""
    settings: dict[str, Any] = {"lang": language}
    for name, value in fence.flags.items():
        if name not in _NOT_SETTINGS:
            settings[name] = int(value) if name in _NUMBERS else value
    data: bytes = net.render(**settings).data("svg")
    return data


def curve(net: Any) -> bytes:
    """The function of one value that a net ends with, drawn from the compiled operation itself."""
    import io

    import matplotlib as mpl
    import torch
    from matplotlib.figure import Figure

    node = net.graph.nodes[-1]
    step = netspec.parse("net a {\n  input x: 1\n  output y: " + _step(node) + "\n}\n").net()
    s = torch.linspace(-4, 4, 801)[:, None]
    with torch.no_grad():
        values = step.module()(s).squeeze(1)
    values[torch.isinf(values)] = torch.nan
    with mpl.rc_context(
        {"svg.hashsalt": "netspec", "svg.fonttype": "path", "font.size": 10, "mathtext.fontset": "stix"}
    ):
        figure = Figure(figsize=(4.2, 2.8), layout="constrained")
        axes = figure.add_subplot()
        axes.axhline(0, color="0.8", linewidth=0.8)
        axes.axvline(0, color="0.8", linewidth=0.8)
        axes.plot(s.squeeze(1), values, color="#0000ff", linewidth=1.6)
        axes.set(xlabel="$s$", ylabel=rf"$\sigma(s)$: {node.word}", xlim=(-4, 4))
        axes.set_ylim(
            max(-4.0, float(values.nan_to_num().min()) - 0.3), min(8.0, float(values.nan_to_num().max()) + 0.3)
        )
        axes.spines[["top", "right"]].set_visible(False)
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _step(node: Any) -> str:
    """The step as a spec writes it."""
    options = ", ".join(f"{name} = {value}" for name, value in vars(node.op).items() if value is not None)
    return f"{node.word}({options})" if options else str(node.word)

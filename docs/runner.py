"""A page -> what its fences do when they are run in order, in a folder of its own: used by the tests.

`python -m docs.runner PAGE…` formats the specs of pages, and rewrites their `text output` fences with what is printed.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import netspec
from docs.drawn import draw
from docs.fences import DOCS, Fence, commands, fences

DEV = DOCS.parent / "dev"
QUICK = ["--epochs", "2"]  # training commands of pages, unless the fence says `whole`
ENDLESS = ("serve",)  # commands that go on until they are ended


class Wrong(AssertionError):
    """A fence that does not do what its page says."""


class Page:
    """The state of a page while its fences run: its folder, its Python names, what was printed last."""

    def __init__(self, path: Path, folder: Path, language: str) -> None:
        self.path, self.folder, self.language = path, folder, language
        self.names: dict[str, Any] = {"__name__": "__page__"}
        self.printed = ""

    def run(self) -> list[tuple[Fence, str]]:
        """Runs every fence; returns the `text output` fences with what was printed before them."""
        outputs = []
        for fence in fences(self.path.read_text(encoding="utf-8")):
            if fence.kind.startswith("{"):
                continue
            if fence.kind == "text" and "output" in fence.flags:
                outputs.append((fence, self.printed))
            elif "file" in fence.flags:
                target = self.folder / fence.flags["file"]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(fence.text, encoding="utf-8")
            if fence.kind == "net":
                self._net(fence)
            elif fence.kind == "sh" and "shown" not in fence.flags:
                self._shell(fence)
            elif fence.kind == "python" and not {"file", "shown"} & set(fence.flags):
                self._python(fence)
        return outputs

    def _wrong(self, fence: Fence, why: str) -> Wrong:
        return Wrong(f"{self.path}:{fence.line}: {why}")

    def _net(self, fence: Fence) -> None:
        wanted = fence.flags.get("error")
        try:
            spec = netspec.parse(fence.text, folder=self.folder)
        except netspec.SpecError as errors:
            codes = {diagnostic.code for diagnostic in errors.diagnostics if diagnostic.severity == "error"}
            if wanted is None or codes != {wanted}:
                raise self._wrong(fence, f"expected {wanted}:\n{errors}") from None
            return
        if wanted is not None:
            raise self._wrong(fence, f"expected {wanted}, and nothing is wrong")
        if spec.format() != fence.text:
            raise self._wrong(fence, f"not in canonical format, which is\n{spec.format()}")
        if "figure" in fence.flags:
            draw(fence, self.language, self.folder / "drawn", self.folder)

    def _shell(self, fence: Fence) -> None:
        if "setup" in fence.flags:
            self._setup(fence)
            return
        text = ""
        wanted = int(fence.flags.get("exit", "0"))
        for words in commands(fence.text):
            if words[0] != "netspec":
                raise self._wrong(fence, f"{words[0]!r} is no command of ours; mark the fence `setup`")
            short = words[1] == "train" and not {"--epochs", "--resume", "--help"} & set(words)
            code, printed = self._netspec([*words[1:], *(QUICK if short and "whole" not in fence.flags else [])])
            text += printed
            if code != wanted:
                raise self._wrong(fence, f"`{' '.join(words)}` left with {code}, not {wanted}:\n{printed}")
        self.printed = text

    def _netspec(self, arguments: list[str]) -> tuple[int, str]:
        from netspec.cli.main import main

        stream = io.StringIO()
        # a Korean page has the commands of the English one, where a run draws its pictures
        hasty = ["--no-pictures"] if self.language == "ko" and arguments[:1] == ["train"] else []
        language = ["--lang", "ko"] if self.language == "ko" and arguments[:1] != ["--help"] else []
        if "--lang" in arguments or arguments[:1] == ["--version"]:
            language = []
        if arguments[:1] and arguments[0] in ENDLESS:
            return self._until_it_speaks([*arguments, *language])
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            code = main([*arguments, *hasty, *language])
        return code, stream.getvalue()

    def _until_it_speaks(self, arguments: list[str]) -> tuple[int, str]:
        """A command in a process of its own, which is ended when it has said its first line."""
        call = [sys.executable, "-m", "netspec", *arguments]
        with subprocess.Popen(
            call, cwd=self.folder, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            process.terminate()  # a Ctrl-C is ignored below a shell that runs tests in the background
            try:
                rest, _ = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            ended = process.returncode in (-signal.SIGTERM, 128 + signal.SIGTERM)
            return 0 if ended else process.returncode, first + rest

    def _python(self, fence: Fence) -> None:
        stream = io.StringIO()
        code = compile("\n" * fence.line + fence.text, str(self.path), "exec", dont_inherit=True)
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(stream):
            sys.path.insert(0, str(self.folder))
            try:
                exec(code, self.names)
            finally:
                sys.path.remove(str(self.folder))
        self.printed = stream.getvalue()

    def _setup(self, fence: Fence) -> None:
        """Commands that install: what they name must exist, and the release test runs them in a clean folder."""
        for words in commands(fence.text):
            if words[0] == "./dev":
                if not re.search(rf"^    {words[1]}\b.*\)", DEV.read_text(encoding="utf-8"), re.MULTILINE):
                    raise self._wrong(fence, f"./dev has no command {words[1]!r}")
            elif words[:4] not in (["python", "-m", "pip", "install"], ["python", "-m", "venv", ".venv"]):
                raise self._wrong(fence, f"an unknown way to install: {' '.join(words)}")


def shows(page: str, printed: str) -> bool:
    """Whether what a page shows is what was printed; `…` stands for anything."""
    pattern = re.escape(_trimmed(page)).replace("…", ".*?")
    return re.fullmatch(pattern, _trimmed(printed), re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def formatted(text: str) -> str:
    """A page with its right specs in canonical format."""
    for fence in reversed(fences(text)):
        if fence.kind == "net" and "error" not in fence.flags and "\nuse " not in fence.text:
            head = text[fence.start :].partition("\n")[0]
            spec = netspec.parse(fence.text, folder=DOCS).format()
            text = f"{text[: fence.start]}{head}\n{spec}```\n{text[fence.end :]}"
    return text


def refresh(path: Path) -> None:
    """Formats a page's specs, and rewrites the outputs that it shows, but for those with `…`."""
    language = path.resolve().relative_to(DOCS).parts[0]
    text = formatted(path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        outputs = Page(path, Path(folder), language).run()
    for fence, printed in reversed(outputs):
        if shows(fence.text, printed):
            continue
        if "…" in fence.text:
            print(f"{path}:{fence.line}: differs; printed:\n{printed}")
            continue
        text = f"{text[: fence.start]}```text output\n{_trimmed(printed)}\n```\n{text[fence.end :]}"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for name in sys.argv[1:]:
        refresh(Path(name))

"""The click commands -> the page of the command line, in one language."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from typing import Any

import click

from docs.fences import DOCS
from netspec.cli.main import COMMANDS, netspec

EXIT_CODES = {
    0: ("fine", "잘 끝남"),
    1: ("mistakes in a spec, or a file that cannot be read", "명세의 오류, 또는 읽을 수 없는 파일"),
    2: ("a command that makes no sense: a wrong flag or argument", "잘못된 명령: 없는 플래그나 인자"),
    3: ("faulty data", "잘못된 데이터"),
    4: ("training diverged", "학습이 발산함"),
    5: ("a missing optional part, with the one command that helps", "설치되지 않은 부품(설치 명령을 함께 알려 줌)"),
    70: (
        "an unexpected failure, with how to report it",
        "예상하지 못한 오류(NS923): 알리는 방법을 말해 줌",
    ),
    130: ("stopped after a checkpoint (Ctrl-C)", "체크포인트를 남기고 멈춤(Ctrl-C)"),
    141: ("the program that reads the output has ended (`| head`)", "출력을 읽던 프로그램이 끝남(`| head`)"),
}


@lru_cache(maxsize=1)
def korean() -> dict[str, str]:
    """The Korean of each English help text."""
    table: dict[str, str] = tomllib.loads((DOCS / "ko" / "commands.toml").read_text(encoding="utf-8"))["help"]
    return table


def available() -> dict[str, click.Command]:
    """The commands that this version has."""
    context = click.Context(netspec)
    found = {name: netspec.get_command(context, name) for name in COMMANDS}
    return {name: command for name, command in found.items() if command is not None}


def texts() -> list[str]:
    """Every help text that the page shows."""
    found = []
    for command in available().values():
        found.append(_tidy(command.help or ""))
        found += [_tidy(option.help or "") for option in _options(command)]
    return list(dict.fromkeys(text for text in found if text))


def page(language: str) -> str:
    title, lead, codes, heads = {
        "en": (
            "# Command line",
            "`netspec COMMAND --help` says the same in the terminal. A spec called `-` is standard input. Every command"
            " takes `--lang en|ko`; the environment variable `NETSPEC_LANG` sets it for good.",
            "## Exit codes",
            ("code", "meaning"),
        ),
        "ko": (
            "# 명령줄",
            "터미널에서 `netspec COMMAND --help`를 쳐도 같은 내용이 나옵니다. 명세 이름이 `-`이면 표준 입력을 읽습니다."
            " 어느 명령이든 `--lang en|ko`를 받으며, 환경 변수 `NETSPEC_LANG`으로 아예 정해 둘 수 있습니다.",
            "## 종료 코드",
            ("코드", "뜻"),
        ),
    }[language]
    parts = [title, lead]
    for name, command in available().items():
        parts.append(_command(name, command, language))
    rows = [f"| {heads[0]} | {heads[1]} |", "|---|---|"]
    rows += [f"| {code} | {said[language == 'ko']} |" for code, said in EXIT_CODES.items()]
    return "\n\n".join([*parts, codes, "\n".join(rows)]) + "\n"


def _command(name: str, command: click.Command, language: str) -> str:
    context = click.Context(command, info_name=f"netspec {name}")
    pieces = " ".join(command.collect_usage_pieces(context))
    head = "| flag | meaning |" if language == "en" else "| 플래그 | 뜻 |"
    rows = [head, "|---|---|"]
    for option in _options(command):
        flags = ", ".join(f"`{flag}`" for flag in sorted(option.opts, key=len, reverse=True))
        kind = _values(option)
        rows.append(f"| {flags}{f' {kind}' if kind else ''} | {_said(option.help or '', language)} |")
    parts = [f"## {name}", _said(command.help or "", language), f"```text\nnetspec {name} {pieces}\n```"]
    return "\n\n".join([*parts, "\n".join(rows)])


def _options(command: click.Command) -> list[click.Option]:
    return [param for param in command.params if isinstance(param, click.Option) and not param.hidden]


def _values(option: click.Option) -> str:
    kind: Any = option.type
    if option.is_flag:
        return ""
    if isinstance(kind, click.Choice):
        return "`" + "`, `".join(str(choice) for choice in kind.choices) + "`"
    return f"`{option.metavar or kind.name.upper().replace(' RANGE', '')}`"


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _said(text: str, language: str) -> str:
    tidy = _tidy(text)
    said = korean().get(tidy, tidy) if language == "ko" else tidy
    return re.sub(r"(?<!`)(--[a-z-]+)", r"`\1`", said).replace("|", r"\|")

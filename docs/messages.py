"""The catalogue of messages -> a page for each hundred of codes, in one language: what it means, a wrong and a right
example, and what netspec says of the wrong one."""

from __future__ import annotations

from typing import Any, cast

from netspec.diagnostics.catalogue import entries
from netspec.diagnostics.model import Language

# the hundreds of the codes, as the files of the catalogue are named
GROUPS = {
    "0": ("Reading a file", "파일 읽기"),
    "1": ("Words and signs", "낱말과 기호"),
    "2": ("Names", "이름"),
    "3": ("Types and options", "타입과 옵션"),
    "4": ("Values", "값"),
    "5": ("Lines and recurrence", "줄과 순환"),
    "6": ("Blocks", "블록"),
    "7": ("Figures", "그림"),
    "8": ("Data and training", "데이터와 학습"),
    "9": ("Commands", "명령"),
}


def codes(group: str) -> list[str]:
    return sorted(code for code in entries() if code.startswith(f"NS{group}"))


def said(wrong: str, code: str, language: Language) -> str:
    """What netspec says of a wrong example; empty where it needs more than the text (files, data, a terminal)."""
    import netspec
    from netspec.cli.output import written

    try:
        netspec.parse(wrong, name="first.net")
    except netspec.SpecError as errors:
        own = [diagnostic for diagnostic in errors.diagnostics if diagnostic.code == code]
        return written(own, "text", language, False).strip() if own else ""
    return ""


def page(group: str, language: str) -> str:
    """All codes of a hundred."""
    tongue = cast(Language, language)
    parts = [f"# NS{group}xx: {GROUPS[group][language == 'ko']}"]
    heads = ("Wrong", "Right", "netspec says") if language == "en" else ("틀린 예", "옳은 예", "netspec의 말")
    for code in codes(group):
        entry: dict[str, Any] = entries()[code]
        parts.append(f"({code})=\n\n## {code}: {entry['title'][tongue]}")
        parts += [str(entry[name][tongue]) for name in ("about", "situation") if name in entry]
        if "wrong" in entry:
            parts.append(f"{heads[0]}:\n\n```net\n{entry['wrong'].strip()}\n```")
            message = said(entry["wrong"], code, tongue)
            if message:
                parts.append(f"{heads[2]}:\n\n```text\n{message}\n```")
        if "right" in entry:
            parts.append(f"{heads[1]}:\n\n```net\n{entry['right'].strip()}\n```")
    return "\n\n".join(parts) + "\n"


def index(language: str) -> str:
    """The page that lists all codes with their titles."""
    tongue = cast(Language, language)
    title, about = {
        "en": ("# Messages", "Every message has a code. `netspec explain NS302` shows its page in the terminal."),
        "ko": (
            "# 메시지",
            "모든 메시지에는 코드가 있습니다. `netspec explain NS302`라고 치면 그 설명이 터미널에 나옵니다.",
        ),
    }[language]
    lines = [title, "", about]
    groups = [group for group in GROUPS if codes(group)]
    for group in groups:
        lines += ["", f"**{GROUPS[group][language == 'ko']}**", ""]
        lines += [f"- [{code}](#{code}) {entries()[code]['title'][tongue]}" for code in codes(group)]
    toc = "\n".join(f"NS{group}xx" for group in groups)
    return "\n".join(lines) + f"\n\n```{{toctree}}\n:hidden:\n\n{toc}\n```\n"

"""A command line that is refused -> the one that was probably meant: the nearest that click takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import click

from netspec import foreign
from netspec.cli.options import Named
from netspec.diagnostics.errors import NetspecError
from netspec.names import meant, nearest

# words of other tools for commands
_COMMANDS: Final = {
    "draw": "render", "plot": "render", "visualize": "render", "lint": "check", "validate": "check", "verify": "check",
    "format": "fmt", "fit": "train", "learn": "train", "test": "evaluate", "eval": "evaluate", "score": "evaluate",
    "infer": "predict", "export": "compile", "build": "compile", "init": "new", "create": "new", "summary": "show",
    "info": "show", "print": "show", "list": "runs", "compare": "diff", "version": "--version",
}  # fmt: skip
_FILE = re.compile(r".+\.(?:svg|png|pdf|dot|py|pt2|csv|npz)$")


def meant_line(group: click.Group, argv: Sequence[str]) -> str | None:
    """Return the command line that differs from a refused one by one slip, `netspec` in front; None without one."""
    context = click.Context(group, info_name="netspec")
    for words in _edited(group, context, list(argv)):
        if words != list(argv) and _taken(group, context, words):
            return shlex.join(["netspec", *words])
    return None


def _taken(group: click.Group, context: click.Context, words: list[str]) -> bool:
    """Whether click takes a command line; nothing is run."""
    if words == ["--version"]:
        return True
    command = group.get_command(context, words[0])
    if command is None or "--allow" in words:  # which imports a module
        return False
    try:
        with command.make_context(words[0], words[1:], parent=context) as made:
            return all("=" in value.strip("=") for value in made.params.get("settings", ()))
    except (click.ClickException, click.exceptions.Exit, NetspecError):
        return False


def _edited(group: click.Group, context: click.Context, argv: list[str]) -> Iterator[list[str]]:
    name, *rest = argv
    command = group.get_command(context, name)
    if command is None:
        guess = _COMMANDS.get(name.lower()) or nearest(name, group.list_commands(context))
        yield argv if guess is None else [guess] if guess == "--version" else [guess, *rest]
        return
    options = {flag: item for item in command.params if isinstance(item, click.Option) for flag in item.opts}
    for at, word in enumerate(rest):
        before, behind = [name, *rest[:at]], rest[at + 1 :]
        flag, sign, value = word.partition("=")
        if word.startswith("-") and flag not in options:
            yield [*before, f"-{word}", *behind]
            guess = nearest(flag.lstrip("-"), [each.lstrip("-") for each in options if each.startswith("--")])
            yield [*before, f"--{guess}{sign}{value}", *behind]
            given = value if sign else next(iter(behind), "")
            further = behind if sign else behind[1:]
            for other in dict.fromkeys(_told(flag, given, options)):
                valued = not options[other].is_flag
                pairs = "=" in (options[other].metavar or "")
                if not valued or (given and ("=" in given or not pairs)):
                    yield [*before, other, *([given, *further] if valued else behind)]
                    yield [*before, other, foreign.VALUES.get(given.lower(), given), *further]
            if re.fullmatch(r"--?[^\W\d]\w*", flag) and re.fullmatch(r"[\w.]+(?<![a-z])|true|false", given):  # a size
                setting = f"{flag.lstrip('-')}={value or behind[0]}"
                yield [*before, "--set", setting, *(behind if sign else behind[1:])]
            yield from ([other, *rest] for other in group.list_commands(context))
        elif word == "--set" and behind:
            yield [*before, word, re.sub(r"\s*:=?\s*", "=", behind[0]), *behind[1:]]
            if behind[1:2] == ["="] and behind[2:]:
                yield [*before, word, "".join(behind[:3]), *behind[3:]]
            yield [*before, word, "=".join(behind[:2]), *behind[2:]]
        elif flag in options:
            legal = _values(options[flag])
            given = value if sign else next(iter(behind), "")
            guess = nearest(given, legal) or meant(given, legal) or next(filter(given.startswith, legal), None)
            further = behind if sign else behind[1:]
            if given and given not in legal and guess:
                yield [*before, flag, guess, *further]
            if legal and "-o" in options and _FILE.match(f"x.{given}"):  # the form of a picture
                yield [*before, *further, "-o", f"{before[1].removesuffix('.net') if at else 'net'}.{given}"]
        else:
            yield from ([*before, each, word, *behind] for each, item in options.items() if word in _values(item))
            if "-o" in options and _FILE.match(word):
                yield [*before, "-o", word, *behind]


def _told(flag: str, given: str, options: Mapping[str, click.Option]) -> Iterator[str]:
    """The flags that a flag which there is not may be: by its name, by what the help of a flag says, by its value."""
    name = flag.lstrip("-").replace("-", "_").lower()
    named = {option.lstrip("-").replace("-", "_"): option for option in options if option.startswith("--")}
    other = foreign.OPTIMIZER_OPTIONS.get(name) or foreign.SETTINGS.get(name) or foreign.FLAGS.get(name)
    yield from (named[word] for word in (other and other.lstrip("-"), meant(name, named)) if word in named)
    words = _stems(name)
    yield from (each for each, option in options.items() if words and words <= _stems(option.help or ""))
    if "=" in given and "--set" in options:
        yield "--set"
    if _FILE.match(given) and "-o" in options:
        yield "-o"
    picky = [each for each, option in options.items() if _takes(option, given) and not _takes(option, "?")]
    form = re.sub(r"\d+", "0", given)
    shaped = re.compile(rf"\b{re.escape(form)}\b")
    picky += [each for each, option in options.items() if "0" in form and shaped.search(_form(option))]
    yield from picky if given and form != "0" and len({*picky}) == 1 else ()


def _form(option: click.Option) -> str:
    return re.sub(r"\d+", "0", option.help or "") if not option.is_flag else ""


def _stems(text: str) -> set[str]:
    return {word.rstrip("s") for word in re.findall(r"[a-z]{3,}", text.lower())}


def _takes(option: click.Option, value: str) -> bool:
    if option.is_flag or option.multiple:
        return False
    try:
        option.type_cast_value(click.Context(click.Command("netspec")), value)
        return True
    except (click.ClickException, NetspecError):
        return False


def _values(option: click.Option) -> tuple[str, ...]:
    """The values of a flag that takes one of several words."""
    if isinstance(option.type, Named):
        return tuple(option.type.registry)
    return tuple(map(str, option.type.choices)) if isinstance(option.type, click.Choice) else ()

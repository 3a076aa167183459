"""What the words of the language mean, from the registries, as Markdown in English or Korean."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from netspec.diagnostics.catalogue import Language, phrase
from netspec.elaborate.options import option_names, plural, shown, usage, usage_of
from netspec.elaborate.program import built_in, built_in_names
from netspec.ir.operation import Op, Option, plain_number
from netspec.ops.registry import operation, step_names


@cache
def _korean() -> tuple[dict[str, Any], dict[str, str]]:
    """Return the Korean of the operations by name, and that of other English texts: those of the documentation."""
    package = os.path.dirname(os.path.dirname(__file__))
    folder = os.path.join(package, "editor", "ko")
    if not os.path.isdir(folder):
        folder = os.path.join(os.path.dirname(package), "docs", "ko")
    found = []
    for name in ("operations", "settings"):
        with open(os.path.join(folder, f"{name}.toml"), "rb") as stream:
            found.append(tomllib.load(stream))
    operations, settings = found
    return operations, {**operations["options"], **settings["texts"]}


def said(text: str, language: Language) -> str:
    """Translate an English text that a registry holds; it stays English where no translation is known."""
    return _korean()[1].get(text, text) if language == "ko" else text


def _own(name: str, key: str, language: Language) -> str:
    found = _korean()[0].get(name, {}) if language == "ko" else {}
    return str(found.get(key, ""))


def code(text: str) -> str:
    return f"```netspec\n{text.strip()}\n```"


def step(name: str, language: Language) -> str:
    """Return what a step, a noun or a block that every spec can call does; "" for another word."""
    try:
        cls = operation(plural(name))
    except KeyError:  # the elaborator knows it itself, or it is a block
        return phrase(f"editor step {name}", language) if name in step_names() else block(name)
    about = _own(cls.name, "summary", language) or cls.summary
    noun = {"perceptrons": "n perceptrons", "filters": "n filters k"}.get(cls.name)
    call = usage(cls) if noun is None else usage(cls).replace(cls.name, f"{noun} ", 1).replace(" ()", "")
    rows = [f"- `{name}`: {option(cls, name, language)}" for name in option_names(cls)]
    parts = [code(call), about, "\n".join(rows)]
    if cls.example and cls.example != cls.name:
        parts.append(code(cls.example))
    return "\n\n".join(filter(None, parts))


def block(name: str) -> str:
    """Return the text of a block that every spec can call; "" for another name."""
    found = built_in(name) if name in built_in_names() else None
    return "" if found is None else code(found.unit.source.text.partition("\n\n")[2])


def option(cls: type[Op], name: str, language: Language) -> str:
    """Return what an option of an operation means, and its bounds and default; "" if it has no such option."""
    found = cls.options.get(name) or cls.options.get(f"{name}_")
    if found is None:
        return ""
    about = _own(cls.name, name, language) or said(found.about, language)
    return meaning(found, about, language)


def meaning(found: Option, about: str, language: Language) -> str:
    """Return the meaning of an option with the words or numbers that it takes and its default."""
    facts = []
    if found.choices and len(found.choices) <= 24:
        facts.append(", ".join(f"`{word}`" for word in found.choices))
    bounds = [(sign, value) for sign, value in (("≥", found.least), (">", found.above), ("≤", found.most))]
    facts += [f"{sign} {plain_number(value)}" for sign, value in bounds if value is not None]
    if not found.required and found.default is not None:
        facts.append(phrase("editor default", language, value=shown(found.default)))
    return f"{about} ({'; '.join(facts)})" if facts else about


def steps() -> list[str]:
    """Return the names of all steps and of the blocks that every spec can call."""
    return sorted(step_names() | built_in_names())


# ---- sections


def settings(kind: str) -> Mapping[str, Option | None]:
    """Return the settings of a kind of section by name; None where a setting is a call or a list of calls."""
    if kind == "figure":
        from netspec.figure.reading import SETTINGS

        return {"net": None, **SETTINGS}
    if kind == "train":
        from netspec.config import train

        return {name: train.option_of_setting(name) for name in train.settings()}
    from netspec.config.data import KEYS

    return dict.fromkeys(KEYS)


def hints() -> Mapping[str, Option]:
    """Return the settings of a layer in a figure."""
    from netspec.figure.reading import HINTS

    return HINTS


def setting(kind: str, name: str, language: Language) -> str:
    """Return what a setting of a section means; "" if it is not known."""
    table = settings(kind)
    found = table.get(name)
    if found is None and "." in name and kind == "figure":
        found = hints().get(name.rpartition(".")[2])
    if found is not None:
        return f"`{name}`: {meaning(found, said(found.about, language), language)}"
    return f"`{name}`: {phrase(f'editor setting {name}', language)}" if name in table else ""


def _registries(kind: str) -> Iterator[Mapping[str, Any]]:
    if kind == "figure":
        from netspec.figure.themes import THEMES
        from netspec.figure.views import VIEWS

        yield from (VIEWS, THEMES)
    elif kind == "train":
        from netspec.config.vocabulary.losses import LOSSES
        from netspec.config.vocabulary.metrics import METRICS
        from netspec.config.vocabulary.optimizers import OPTIMIZERS
        from netspec.config.vocabulary.schedules import SCHEDULES

        yield from (LOSSES, METRICS, OPTIMIZERS, SCHEDULES)
    else:
        from netspec.config.vocabulary.sources import SOURCES
        from netspec.config.vocabulary.steps import STEPS

        yield from (SOURCES, STEPS)


def values(kind: str, name: str) -> list[str]:
    """Return the words that a setting of a section may be given."""
    found = settings(kind).get(name)
    if found is None and "." in name and kind == "figure":
        found = hints().get(name.rpartition(".")[2])
    if found is not None:
        return ["true", "false"] if found.kind == "flag" else [*found.choices]
    registries = [*_registries(kind)]
    order = {"loss": 0, "metrics": 1, "optimizer": 2, "schedule": 3, "source": 0}
    if kind == "figure":
        return []
    return [*registries[order.get(name, 1 if kind == "data" else 0)]]


def entry(kind: str, name: str, language: Language) -> str:
    """Return what a word of a section means: a loss, a source, a view; "" for another word."""
    for registry in _registries(kind):
        if name in registry:
            found = registry[name]
            if kind == "figure":
                korean = getattr(found, "about_ko", "") if language == "ko" else ""
                return f"`{name}`: {korean or said(found.about, language)}"
            rows = [
                f"- `{key}`: {meaning(each, said(each.about, language), language)}"
                for key, each in found.options().items()
            ]
            parts = [code(found.usage()), said(found.about, language), "\n".join(rows)]
            return "\n\n".join(filter(None, [*parts, code(found.example) if found.example else ""]))
    return ""


def options_of(kind: str, name: str) -> Mapping[str, Option]:
    """Return the options of a call: of a step (`kind` is ""), or of a word of a section."""
    if kind:
        for registry in () if kind == "figure" else _registries(kind):
            if name in registry:
                found: Mapping[str, Option] = registry[name].options()
                return found
        return {}
    try:
        cls = operation(plural(name))
    except KeyError:
        return {}
    return {each.shown: each for each in cls.options.values() if each.written}


def usage_text(kind: str, name: str) -> tuple[str, list[str]] | None:
    """Return how a call is written and its parameters in that order; None if it takes none."""
    options = options_of(kind, name)
    if not options:
        return None
    if kind:
        cls = next(registry[name] for registry in _registries(kind) if name in registry)
        label, positional = str(cls.usage()), tuple(cls.positional)
    else:
        op = operation(plural(name))
        label, positional = usage_of(op.name, op.options, op.positional), op.positional
    order = sorted(options, key=lambda key: key not in {word.rstrip("_") for word in positional})
    return label, order

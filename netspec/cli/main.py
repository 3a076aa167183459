"""The group `netspec`, its commands imported one by one when called, and what every failure exits with."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import click

from netspec.cli.options import Named, Positive
from netspec.cli.output import discard_output, escape_unprintable, fail, language_of
from netspec.diagnostics.errors import MissingPackageError, NetspecError, UnforeseenError, UsageError, reason
from netspec.diagnostics.model import Diagnostic, Hint, Language, Phrase, Quoted, suggestion
from netspec.names import nearest
from netspec.version import VERSION

# command -> the module that holds it, and the line of the overview
COMMANDS = {
    "new": ("netspec.cli.new", "Write a first spec to start from."),
    "check": ("netspec.cli.check", "Check specs; say every mistake with its place and fix."),
    "fmt": ("netspec.cli.fmt", "Rewrite specs in canonical format."),
    "show": ("netspec.cli.show", "Table of layers: types, weights, multiply-adds."),
    "diff": ("netspec.cli.show", "Compare two specs: layers, types, weights, settings."),
    "render": ("netspec.cli.render", "Draw the figure of a net."),
    "steps": ("netspec.cli.steps", "Draw an example forward and back, step by step."),
    "compile": ("netspec.cli.compile", "Write the net as PyTorch source, or export a trained one."),
    "import": ("netspec.cli.import_", "Write the spec of a model: a module of PyTorch."),
    "train": ("netspec.cli.train", "Train a net as its spec says."),
    "evaluate": ("netspec.cli.predict", "Score a trained net."),
    "predict": ("netspec.cli.predict", "Let a trained net answer."),
    "runs": ("netspec.cli.runs", "List and compare runs."),
    "explain": ("netspec.cli.help", "Explain a code such as NS302, with an example."),
    "lsp": ("netspec.cli.lsp", "Answer an editor: mistakes, types, completion, figures."),
    "serve": ("netspec.cli.serve", "Show specs as a page: text, figure and mistakes in the browser."),
    "site": ("netspec.cli.site", "Write that page as a folder that needs no server of netspec."),
    "doctor": ("netspec.cli.help", "Say what is installed and what is missing."),
}

USAGE, INTERRUPTED, BROKEN_PIPE = 2, 130, 141


class Commands(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        try:
            module = import_module(COMMANDS[cmd_name][0])
        except ImportError as error:
            if error.name == COMMANDS[cmd_name][0]:  # the overview lists a command whose module does not exist
                return None
            part = (error.name or cmd_name).partition(".")[0]
            words = {"part": part, "reason": str(error), "command": f"pip install {part}"}
            raise MissingPackageError(Diagnostic("NS951", None, words)) from None
        # a command that is a word of Python has a line below behind its name
        command: click.Command = getattr(module, f"{cmd_name}_", None) or getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            words: dict[str, Any] = {"name": name, "commands": Quoted(tuple(COMMANDS))}
            raise UsageError(Diagnostic("NS901", None, words, hints=suggestion(nearest(name, COMMANDS))[0]))
        command = super().resolve_command(ctx, args)
        _given_twice(command[1], args[1:])
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def _given_twice(command: click.Command | None, args: list[str]) -> None:
    """Raise UsageError (NS918) for a flag that is given twice: click would silently use the last value."""
    single = [
        param
        for param in (command.params if command is not None else ())
        if isinstance(param, click.Option) and not param.multiple and not param.is_flag
    ]
    for param in single:
        written = [word.partition("=")[0] for word in args[: args.index("--") if "--" in args else len(args)]]
        if sum(word in param.opts for word in written) > 1:
            flag = next(word for word in written if word in param.opts)
            raise UsageError(Diagnostic("NS918", None, {"flag": flag}))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="netspec")
def netspec() -> None:
    """Describe a network in a .net file; check it, draw it, compile it to PyTorch and train it."""


def main(args: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code: 0 fine, 1 spec errors, 2 usage, 3 data, 4 diverged, 5 missing
    part, 70 unforeseen, 130 stopped after a checkpoint, 141 the reader of the output has ended."""
    escape_unprintable()
    # pydantic would look through all installed packages for plugins of its own, and import what no spec has named
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    argv = sys.argv[1:] if args is None else args
    language = language_of(argv)
    with _interrupts() as interrupts:
        return _run(argv, language, interrupts)


def _run(argv: list[str], language: Language, interrupts: list[int]) -> int:
    try:
        with netspec.make_context("netspec", list(argv)) as context:
            result: Any = netspec.invoke(context)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a full disk still has an answer
        return result if isinstance(result, int) else 0
    except UsageError as error:
        return fail(_mended(error.proposed(), argv), error.exit_code, argv, language)
    except NetspecError as error:
        return fail(error.proposed(), error.exit_code, argv, language)
    except click.UsageError as error:
        return fail(_mended([_usage(error)], argv), USAGE, argv, language)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        print(file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # the program that reads the output has ended (`netspec show x.net | head`), so a message would reach nobody
        discard_output()
        return BROKEN_PIPE
    except OSError as error:
        return fail([_refused(error)], USAGE, argv, language)
    except Exception as error:
        if interrupts:
            return INTERRUPTED
        unforeseen = UnforeseenError.of(error)
        if not isinstance(unforeseen.diagnostic.hints[0].words.get("file"), str):
            sys.excepthook(type(error), error, error.__traceback__)
        return fail(unforeseen.diagnostics, unforeseen.exit_code, argv, language)


@contextlib.contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Yield a list of the Ctrl-C so far: after one, a package that is imported by half may raise anything."""
    found: list[int] = []

    def interrupted(number: int, frame: object) -> None:
        found.append(number)
        raise KeyboardInterrupt

    before = None
    with contextlib.suppress(ValueError):  # in another thread than the main one there are no signals
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield found
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


def _mended(found: Sequence[Diagnostic], argv: list[str]) -> list[Diagnostic]:
    """Return the diagnostics of a command line; the first says in place of other help which one was meant, if any."""
    from netspec.cli.meant import meant_line

    first, *others = found
    line = meant_line(netspec, argv) if argv and first.code[:3] == "NS9" else None
    return [first._replace(hints=(Hint("mend", {"text": line}),)) if line else first, *others]


def _refused(error: OSError) -> Diagnostic:
    """Return the diagnostic for what the system refuses and no command expects."""
    try:
        os.getcwd()
    except OSError:
        return Diagnostic("NS925", None)
    if error.filename is not None:
        return Diagnostic("NS924", None, {"file": Quoted((os.fsdecode(error.filename),)), "reason": reason(error)})
    discard_output()  # the disk of `> file` may be full: writing the rest of the buffer would fail again
    return Diagnostic("NS924", None, {"file": Phrase("the output"), "reason": reason(error)})


def _usage(error: click.UsageError) -> Diagnostic:
    """Turn an error of click into a diagnostic of netspec."""
    context = error.ctx
    usage = "" if context is None else context.command.collect_usage_pieces(context)
    command = "netspec" if context is None else context.command_path
    shown = f"{command} {' '.join(usage)}".strip()
    words: dict[str, Any] = {"command": command, "usage": shown}
    if isinstance(error, click.NoSuchOption):
        names = [] if context is None else [flag for param in context.command.params for flag in param.opts]
        guess = nearest(error.option_name.lstrip("-"), [name.lstrip("-") for name in names])
        hints, _ = suggestion(guess and f"--{guess}")
        return Diagnostic("NS902", None, words | {"flag": error.option_name}, hints=(*hints, Hint("help")))
    if isinstance(error, click.MissingParameter):
        name = error.param.human_readable_name if error.param is not None else error.param_hint or "?"
        return Diagnostic("NS903", None, words | {"name": str(name)}, hints=(Hint("help"),))
    return _misused(error, command, shown)


_VALUE = re.compile(r"'?(.*?)'? is not ", re.DOTALL)
_KINDS: dict[type[Any], str] = {
    click.IntRange: "kind integer",
    click.types.IntParamType: "kind integer",
    click.FloatRange: "kind number",
    click.types.FloatParamType: "kind number",
    Positive: "kind number",
}


def _misused(error: click.UsageError, command: str, usage: str) -> Diagnostic:
    """Return the diagnostic for a flag without a value or with a wrong value, or for an argument too many.

    If click's error does not say which mistake it is, the diagnostic quotes click's own English words (NS904).
    """
    words: dict[str, Any] = {"command": command, "usage": usage}
    text = error.format_message()
    hints = (Hint("help"),)
    extra = re.match(r"Got unexpected extra arguments? \((.*)\)", text)
    if extra is not None:
        return Diagnostic("NS911", None, words | {"given": extra[1]}, hints=hints)
    if isinstance(error, click.BadOptionUsage):
        flag = error.option_name
        if text.endswith("requires an argument."):
            return Diagnostic("NS912", None, words | {"flag": flag}, hints=hints)
        if "does not take a value" in text:
            return Diagnostic("NS913", None, words | {"flag": flag}, hints=hints)
    value = _VALUE.match(error.message)
    if isinstance(error, click.BadParameter) and error.param is not None and value is not None:
        given = words | {"flag": error.param.opts[0], "value": value[1]}
        kind = error.param.type
        if isinstance(kind, click.Choice | Named):
            legal = kind.registry if isinstance(kind, Named) else map(str, kind.choices)
            return Diagnostic("NS914", None, given | {"legal": Quoted(tuple(legal))}, hints=hints)
        if type(kind) in _KINDS:
            least = getattr(kind, "min", None)
            bound = "above" if getattr(kind, "min_open", False) else "range"
            bounds = [Hint(bound, {"least": str(least)})] if least is not None else []
            return Diagnostic("NS915", None, given | {"kind": Phrase(_KINDS[type(kind)])}, hints=(*bounds, *hints))
    return Diagnostic("NS904", None, words | {"reason": text}, hints=hints)

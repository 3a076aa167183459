"""Registries: each holds the named things of one kind (operations, losses, themes, …), and anybody may add to it.

    LOSSES = Registry("loss", Loss, "netspec.config.vocabulary", key="word")

    @LOSSES.register            # in a module of that package
    class Huber(Loss): ...

    LOSSES["huber"]             # the first question imports the modules of the package
    netspec.register(Mine)      # finds the registry by the base of `Mine`

A registry is made in the module of its base class: whoever has the base to inherit from has the registry too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar, Generic, TypeVar

Thing = TypeVar("Thing")
Given = TypeVar("Given")


class Registry(Mapping[str, Thing], Generic[Thing]):
    """A mapping from names to things of one kind: classes that inherit from a base, or instances of it.

    The order is that of the built-in modules and of the text within each, whatever was imported first; then what
    others registered.

    Parameters:
        kind: what messages call one of them: `"loss"`.
        base: the class that all inherit from, or are instances of.
        home: the module or package that holds the built-in ones; its modules are imported at the first question.
        key: the attribute that holds the name.
        homes: names whose module has another name. A single name is looked for in the module of its own
            name, then in its entry here, and only then in all modules of the package.
        missing: looks at a thing and says in a sentence what it lacks, or returns "".

    Example:
        >>> THEMES = Registry("theme", Theme, "netspec.figure.theme")
        >>> sorted(THEMES)
        ['dark', 'mono', 'post', 'safe']
    """

    _of_base: ClassVar[dict[type, Registry[Any]]] = {}

    def __init__(
        self,
        kind: str,
        base: type,
        home: str = "",
        *,
        key: str = "name",
        homes: Mapping[str, str] | None = None,
        missing: Callable[[Any], str] | None = None,
    ) -> None:
        self.kind = kind
        self.base = base
        self.version = 0  # grows with every change, so that a cache can see whether it is out of date
        self._home = home
        self._key = key
        self._homes = homes or {}
        self._missing = missing
        self._things: dict[str, Thing] = {}
        self._order: dict[str, tuple[str, int]] = {}
        self._complete = not home  # whether all built-in modules are imported
        Registry._of_base[base] = self

    # ---- registration

    def register(self, thing: Given) -> Given:
        """Add a thing and return it, so that the method can decorate a class.

        Raise TypeError if the thing is of another kind or incomplete, ValueError if its name is empty or taken.
        In a notebook, a class of the same name from the same cell replaces the one before.
        """
        label = getattr(thing, "__qualname__", repr(thing))
        if not (issubclass(thing, self.base) if isinstance(thing, type) else isinstance(thing, self.base)):
            raise TypeError(f"{label} is not a {self.kind}: it must inherit from {self.base.__name__}")
        name = getattr(thing, self._key, None)
        if not isinstance(name, str) or not name:
            raise ValueError(f'{label} has no name: a {self.kind} needs {self._key} = "…"')
        lacks = self._missing(thing) if self._missing is not None else ""
        if lacks:
            raise TypeError(f"the {self.kind} {name!r} ({label}) is incomplete: {lacks}")
        if not self._built_in(thing):
            self._import_all()
        before = self._things.get(name)
        if before is not None and before is not thing and not _same_cell(before, thing):
            raise ValueError(f"a {self.kind} named {name!r} exists already: {_place(before)}")
        self._things[name] = thing  # type: ignore[assignment]
        built_in = thing.__module__ if self._built_in(thing) else "~"
        self._order[name] = (built_in, len(self._order))
        self.version += 1
        return thing

    @contextmanager
    def temporarily(self, *things: Any) -> Iterator[None]:
        """Register things for the time of a `with` block, then forget all that was registered in it; for tests."""
        self._import_all()
        before = dict(self._things)
        try:
            for thing in things:
                self.register(thing)
            yield
        finally:
            self._things = before
            self.version += 1

    # ---- questions

    def __getitem__(self, name: str) -> Thing:
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def find(self, name: str) -> Thing | None:
        """Return the thing that has this name, or None."""
        found = self._things.get(name)
        if found is None and not self._complete:
            self._import_own(name)
            found = self._things.get(name)
            if found is None:
                self._import_all()
                found = self._things.get(name)
        return found

    def get(self, name: str, default: Any = None) -> Any:
        found = self.find(name)
        return default if found is None else found

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    def __iter__(self) -> Iterator[str]:
        self._import_all()
        return iter(sorted(self._things, key=self._order.__getitem__))

    def __len__(self) -> int:
        self._import_all()
        return len(self._things)

    def __repr__(self) -> str:
        return f"<Registry of {self.kind}: {', '.join(self._things)}>"

    # ---- the built-in modules

    def _built_in(self, thing: object) -> bool:
        module = getattr(thing, "__module__", "")
        return bool(self._home) and (module == self._home or module.startswith(self._home + "."))

    def _import_own(self, name: str) -> None:
        """Import the module that defines the thing of this name, if the package has such a module."""
        for module in (self._homes.get(name), name, f"{name}_"):
            if module and module.isidentifier() and module in self._modules():
                import_module(f"{self._home}.{module}")
                return

    def _import_all(self) -> None:
        if self._complete:
            return
        self._complete = True  # set before the imports, since a module may use the registry while it is imported
        try:
            import_module(self._home)
            for module in sorted(self._modules()):
                import_module(f"{self._home}.{module}")
        except BaseException:
            self._complete = False
            raise

    def _modules(self) -> frozenset[str]:
        """Return the names of the modules in the home package; none if the home is a single module."""
        found = find_spec(self._home)
        folders = found.submodule_search_locations if found is not None else None
        return frozenset(name for folder in folders or () for name in modules_in(folder))


def modules_in(folder: str) -> set[str]:
    """Return the names of the modules in a folder, from source or compiled; those that begin with `_` are left out."""
    files = (entry for entry in os.listdir(folder) if entry.endswith((".py", ".pyc")))
    return {entry.partition(".")[0] for entry in files if not entry.startswith("_")}


def register(thing: Given) -> Given:
    """Adds a thing of your own to netspec: an operation, a loss, a metric, an optimizer, a theme, …

    Parameters:
        thing: a class that inherits from one of netspec's bases (`netspec.Op`, …), or an instance of one.

    Returns:
        The thing itself, so that `register` can decorate a class.

    Raises:
        TypeError: it inherits from none of the bases, or lacks something that its kind needs.
        ValueError: its name is empty, or taken.

    Example:
        >>> from netspec.figure.themes import THEMES
        >>> sepia = netspec.Theme("sepia", THEMES["classic"].colours | {"ink": "#402000"})
        >>> netspec.register(sepia).name
        'sepia'
        >>> netspec.register(netspec.Theme("pale", {"ink": "#808080"}))
        Traceback (most recent call last):
        ...
        TypeError: the theme 'pale' (...) is incomplete: it has no colour for paper, faint, ...
    """
    kinds = thing.__mro__ if isinstance(thing, type) else type(thing).__mro__
    for base in kinds:
        registry = Registry._of_base.get(base)
        if registry is not None:
            return registry.register(thing)
    known = ", ".join(sorted(base.__name__ for base in Registry._of_base))
    label = getattr(thing, "__qualname__", repr(thing))
    raise TypeError(f"{label} cannot be registered: it inherits from none of {known}")


def is_registered(thing: object) -> bool:
    """Whether a thing is in one of the registries already."""
    return any(thing is other for registry in Registry._of_base.values() for other in registry._things.values())


def _same_cell(before: object, thing: object) -> bool:
    """Whether a class of `__main__` is defined again, as when a cell of a notebook is run again."""
    names = [(getattr(item, "__module__", ""), getattr(item, "__qualname__", "")) for item in (before, thing)]
    return names[0] == names[1] and names[0][0] == "__main__" and names[0][1] != ""


def _place(thing: object) -> str:
    return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', type(thing).__name__)}"

"""How the axes of a captured tensor lie in a value of a net: reshapes, permutations and slices without a step.

A value of netspec has axes with roles: maps, time, up to three of space. A tensor of a captured program has axes
without roles, which the program splits, merges and permutes. A `View` says of each axis of a tensor which parts of
which roles it is. So a program may shape a value to and fro, and only what an operation reads must lie as the language
has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, NamedTuple

from netspec.ir.graph import Edge
from netspec.ir.types import Type

BATCH, TIME, MAPS = "batch", "time", "maps"
SPACE = ("rows", "columns", "planes")
REPEATED = ""  # the role of an axis along which a value is repeated


class NoView(Exception):
    """A tensor's axes cannot be described as parts of roles."""


class Atom(NamedTuple):
    """A part of a role: `size` places, each `stride` places of the role after the one before."""

    role: str
    size: int
    stride: int = 1


Dim = tuple[Atom, ...]  # an axis of a tensor: the slowest part first


def tidy(atoms: Iterable[Atom]) -> Dim:
    """Return an axis without parts of one place, and with parts that follow each other as one."""
    found: list[Atom] = []
    for atom in atoms:
        if atom.size == 1:
            continue
        last = found[-1] if found else None
        if last is not None and last.role == atom.role and last.stride == atom.stride * atom.size:
            found[-1] = Atom(atom.role, last.size * atom.size, atom.stride)
        else:
            found.append(atom)
    return tuple(found)


def size(atoms: Iterable[Atom]) -> int:
    return prod(atom.size for atom in atoms)


def squeezed(given: Any) -> Any:
    """Return the sizes along the axes of space: one number where they are equal."""
    sizes = (given,) if isinstance(given, int) else tuple(given)
    return sizes[0] if len(set(sizes)) == 1 else sizes


def roles_of(value: Type, batch: int) -> dict[str, int]:
    """Return the roles of a value in the order of its layout, each with its size."""
    found = {BATCH: batch}
    if value.time is not None:
        found[TIME] = int(value.time.length)  # type: ignore[arg-type]
    if value.classes is None:
        found[MAPS] = int(value.maps)  # type: ignore[arg-type]
    return found | {role: int(length) for role, length in zip(SPACE, value.space, strict=False)}  # type: ignore[arg-type]


class View(NamedTuple):
    """A tensor of the program as a value of the net.

    Attributes:
        edge: the value.
        dims: for each axis of the tensor, the parts of roles that it is; none for an axis of length one.
        begins: where the tensor begins along a role, if that is not its first place.
    """

    edge: Edge
    dims: tuple[Dim, ...]
    begins: tuple[tuple[str, int], ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(map(size, self.dims))

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of all parts, in order."""
        return tuple(atom.role for dim in self.dims for atom in dim)

    def whole(self, value: Type, batch: int) -> bool:
        """Whether the tensor holds every place of the value once."""
        if self.begins or REPEATED in self.roles:
            return False
        wanted = roles_of(value, batch)
        held: dict[str, int] = {}
        for dim in self.dims:
            for atom in dim:
                held[atom.role] = held.get(atom.role, 1) * atom.size
        return all(held.get(role, 1) == length for role, length in wanted.items())

    def alone(self, axis: int) -> str:
        """Return the role that an axis is the whole part of, in order; "" if it is none or several."""
        dim = self.dims[axis]
        return dim[0].role if len(dim) == 1 and dim[0].stride == 1 else ""

    # ---- what a program does to axes

    def reshape(self, shape: Sequence[int]) -> View:
        """Return the view with the same places in another shape; raise NoView if parts would have to be cut apart."""
        if prod(shape) != prod(self.shape):
            raise NoView
        pending = [atom for dim in self.dims for atom in dim][::-1]
        dims = []
        for length in shape:
            dim: list[Atom] = []
            held = 1
            while held < length:
                atom = pending.pop()
                need = length // held
                if length % held or (atom.size > need and atom.size % need) or (atom.size <= need and need % atom.size):
                    raise NoView
                if atom.size > need:
                    rest = atom.size // need
                    pending.append(Atom(atom.role, rest, atom.stride))
                    atom = Atom(atom.role, need, atom.stride * rest)
                dim.append(atom)
                held *= atom.size
            dims.append(tidy(dim))
        return self._replace(dims=tuple(dims))

    def permute(self, order: Sequence[int]) -> View:
        return self._replace(dims=tuple(self.dims[axis] for axis in order))

    def insert(self, axis: int) -> View:
        axis = axis + len(self.dims) + 1 if axis < 0 else axis
        return self._replace(dims=(*self.dims[:axis], (), *self.dims[axis:]))

    def drop(self, axes: Iterable[int]) -> View:
        """Return the view without these axes of length one."""
        gone = {axis % len(self.dims) for axis in axes}
        return self._replace(dims=tuple(dim for axis, dim in enumerate(self.dims) if axis not in gone))

    def slice(self, axis: int, begin: int, end: int, step: int = 1) -> View:
        dim = self.dims[axis]
        length = size(dim)
        if (begin, end, step) == (0, length, 1):
            return self
        if len(dim) != 1:
            raise NoView
        atom = dim[0]
        part = tidy((Atom(atom.role, -((begin - end) // step), atom.stride * step),))
        moved = self._moved({atom.role: begin * atom.stride})
        return moved._replace(dims=(*self.dims[:axis], part, *self.dims[axis + 1 :]))

    def select(self, axis: int, index: int) -> View:
        """Return the view at one place of an axis, without that axis."""
        axis %= len(self.dims)
        dim = self.dims[axis]
        index %= size(dim)
        by: dict[str, int] = {}
        for atom in reversed(dim):
            index, digit = divmod(index, atom.size)
            by[atom.role] = by.get(atom.role, 0) + digit * atom.stride
        return self._moved(by)._replace(dims=(*self.dims[:axis], *self.dims[axis + 1 :]))

    def expand(self, shape: Sequence[int]) -> View:
        """Return the view with axes of length one repeated; new axes come first."""
        dims: list[Dim] = [()] * (len(shape) - len(self.dims)) + list(self.dims)
        for axis, length in enumerate(shape):
            if length not in (-1, size(dims[axis])):
                if dims[axis]:
                    raise NoView
                dims[axis] = (Atom(REPEATED, length, 0),)
        return self._replace(dims=tuple(dims))

    def _moved(self, by: dict[str, int]) -> View:
        begins = dict(self.begins)
        for role, places in by.items():
            if places and role != REPEATED:
                begins[role] = begins.get(role, 0) + places
        return self._replace(begins=tuple(sorted(begins.items())))


def native(edge: Edge, value: Type, batch: int) -> View:
    """Return the view of a value as it lies itself."""
    return View(edge, tuple(tidy((Atom(role, length),)) for role, length in roles_of(value, batch).items()))

"""A pytest session -> which of many mutants its tests notice, each tried in a fork of that session.

A mutant is a function whose code is exchanged in place, so nothing is imported or collected anew. One round with
probes in the places of all mutants says which tests could notice which; those run, the quickest first.
"""

from __future__ import annotations

import builtins
import functools
import gc
import itertools
import json
import os
import resource
import signal
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import NoReturn

import pytest

from benchmarks.soak.changes import PACKAGE, REACHED, Mutant, mutated, probed, reached

LIVES, SLOW = "lives", "too slow"
ROUND = 1800  # seconds for all tests
WORTH = 60  # processor seconds of tests that a mutant meets, the quickest; what they leave alive counts as alive
PATIENCE = 60, 10  # a mutant's tests may take this many seconds, and so many times what they take without it
MEMORY = 6 << 30  # bytes: a mutant that asks for more fails
Found = dict[str, list[float]]


class Noticing:
    """The pytest plugin. After the session `fates` says of each mutant `LIVES`, `SLOW` or the test that notices it;

    `wrong` names the tests that fail without one: these notice nothing.
    """

    def __init__(self, mutants: Sequence[Mutant]) -> None:
        self.mutants = mutants
        self.fates: list[str] = []
        self.wrong: list[str] = []
        self.failed: list[str] = []
        self.functions: dict[tuple[str, str, int], list[FunctionType]] = defaultdict(list)
        self.caches: list[functools._lru_cache_wrapper[object]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Takes the place of running the tests once; ends early where a test fails without a mutant."""
        if session.testsfailed:
            return True
        self.items = {item.nodeid: item for item in session.items}
        self._find()
        gc.freeze()
        begun = time.monotonic()
        found = _in_fork(self._probed_round, ROUND) or {}
        for name in self._failing(found, "with probes", begun):
            del found[name]
        self.seconds = {name: seconds for name, (seconds, *_) in found.items()}
        for number, mutant in enumerate(self.mutants if found else ()):
            tests = sorted((name for name, at in found.items() if number in at[2:]), key=self.seconds.__getitem__)
            fate = self._fate(mutant, self._worth(tests))
            self.fates.append(fate)
            print(f"{number + 1:3} {fate} ({len(tests)} could): {mutant.line} {mutant.what}", flush=True)
        killers = sorted(set(self.fates) - {LIVES, SLOW}, key=self.seconds.__getitem__)
        alone = _in_fork(lambda: self._run(killers), ROUND) or {name: [0.0, 1.0] for name in killers}
        failing = self._failing(alone, "those that noticed, without mutants", begun)
        self.fates = [LIVES if fate in failing else fate for fate in self.fates]
        return True

    def _failing(self, found: Found, what: str, begun: float) -> list[str]:
        """The tests that fail where nothing is changed; also kept in `wrong`."""
        failing = [name for name, (_, failures, *_) in found.items() if failures]
        self.wrong += failing
        print(f"{len(found)} tests {what}: {failing or 'none'} fail; {time.monotonic() - begun:.0f} s", flush=True)
        return failing

    def _worth(self, tests: list[str]) -> list[str]:
        ends = itertools.accumulate(self.seconds[name] for name in tests)
        return [name for name, end in zip(tests, ends, strict=True) if end < WORTH]

    def _fate(self, mutant: Mutant, tests: list[str]) -> str:
        least, times = PATIENCE
        limit = least + times * sum(self.seconds[name] for name in tests)

        def job() -> Found:
            self._exchange(mutated(mutant), mutant.file)
            return self._run(tests, until_failure=True)

        done = _in_fork(job, limit)
        return SLOW if done is None else next((name for name, (_, failures, *_) in done.items() if failures), LIVES)

    def _probed_round(self) -> Found:
        """Of each test its seconds, its failures, and the numbers of the mutants that it could notice."""
        seen: set[int] = set()
        setattr(builtins, REACHED, reached(seen.add))
        by_file: dict[str, list[tuple[int, Mutant]]] = defaultdict(list)
        for number, mutant in enumerate(self.mutants):
            by_file[mutant.file].append((number, mutant))
        for file, chosen in by_file.items():
            self._exchange(probed(file, chosen), file)
        found: Found = {}
        for name, item in self.items.items():
            # what an earlier test has left in a cache would hide that this one needs it too
            self._forget()
            seen.clear()
            found[name] = [*self._outcome(item, None), *seen]
        return found

    def _run(self, names: Sequence[str], until_failure: bool = False) -> Found:
        """Of each test its seconds and its failures."""
        self._forget()
        done: Found = {}
        for name, following in zip(names, [*names[1:], ""]):
            done[name] = self._outcome(self.items[name], self.items.get(following))
            if done[name][1] and until_failure:
                break
        return done

    def _outcome(self, item: pytest.Item, following: pytest.Item | None) -> list[float]:
        """Seconds and failures of one test; what the next does not need is torn down."""
        begun, before = time.process_time(), len(self.failed)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return [time.process_time() - begun, len(self.failed) - before]

    def _find(self) -> None:
        """All functions of the mutants' modules, and their caches."""
        files = {mutant.file for mutant in self.mutants}
        modules = {".".join(["netspec", *Path(file).with_suffix("").parts]): file for file in files}
        for module in modules:
            import_module(module)
        paths = {str(PACKAGE / file): file for file in files}
        for thing in gc.get_objects():
            # by type(): isinstance asks the thing, and some warn when asked
            if type(thing) is FunctionType and thing.__code__.co_filename in paths:
                self.functions[_key(thing.__code__, paths[thing.__code__.co_filename])].append(thing)
            elif type(thing) is functools._lru_cache_wrapper:
                if thing.__module__ in modules:
                    self.caches.append(thing)

    def _exchange(self, module: CodeType, file: str) -> None:
        changed = 0
        for code in _inside(module):
            for function in self.functions.get(_key(code, file), []):
                changed += function.__code__ != code
                function.__code__ = code
        if not changed:
            raise LookupError(f"what changes in {file} is in no function that is loaded")

    def _forget(self) -> None:
        for cache in self.caches:
            cache.cache_clear()


def _key(code: CodeType, file: str) -> tuple[str, str, int]:
    return file, code.co_qualname, code.co_firstlineno


def _inside(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inside(constant)


def _in_fork(job: Callable[[], Found], limit: float) -> Found | None:
    """What a job finds in a copy of this process; None where that took too long or ended the process."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        child = os.fork()
        if child == 0:
            _answer(job, result)
        end = time.monotonic() + limit
        while os.waitpid(child, os.WNOHANG)[0] == 0:
            if time.monotonic() > end:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return None
            time.sleep(0.01)
        found = json.loads(result.read_text(encoding="utf-8")) if result.exists() else None
    if isinstance(found, str):
        raise RuntimeError(found)
    return found


def _answer(job: Callable[[], Found], result: Path) -> NoReturn:
    """The copy's side: a result, or what went wrong as text."""
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY, used + MEMORY))
        found: Found | str = job()
    except BaseException:  # also what would end the process: the parent must not take it for a mutant's death
        found = traceback.format_exc()
    result.write_text(json.dumps(found), encoding="utf-8")
    os._exit(0)

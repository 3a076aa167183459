"""Specs of specs/tasks on MNIST and a long text, in the folder NETSPEC_DATA, reach what they promise."""

from __future__ import annotations

from benchmarks.tasks import LARGE, measure


def main() -> bool:
    return measure(LARGE, "tasks_large", "Tasks on MNIST and a long text: the scores that specs/tasks promise")

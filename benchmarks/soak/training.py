"""Training as a page without a server does it, against torch: losses step by step, weights, scores, speed, rewinding.

The page's plan is run by its own code in Node, and `netspec train`'s engine goes on from the same weights, in the order
of the page. Times are those of the processor. Needs Node, and esbuild from page/node_modules.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.publish import publish
from benchmarks.soak.page import ROOT, Row, npm, table
from netspec import load
from netspec.documents import Request
from netspec.training.loop.engine import build_engine
from netspec.training.page import page_plan, prepared_of
from netspec.training.plan import Plan, make_plan

STEPS, EARLY = 1000, 100
SPEED = 50_000  # steps a second of a net 2-4-2-1 with ten examples a batch
SMALL = """netspec 1

net small {
  input  x: 2
  hidden a: 4 perceptrons -> tanh
  hidden b: 2 perceptrons -> tanh
  output y: 1 perceptron
}

data {
  source = synthetic("xor", rows = 200, noise = 0.1)
  x = columns("x1", "x2")
  answer = label
  split = [0.8, 0, 0.2]
}

train {
  loss = binary_cross_entropy(y, answer)
  metrics = [accuracy(y, answer)]
  optimizer = sgd(lr = 0.1, momentum = 0.9)
  epochs = 100
  batch = 10
}
"""
TASKS = ("xor", "iris", "wine", "two_moons", "loan")


class Torch:
    """`netspec train` of a plan, step by step, from the weights of the page."""

    def __init__(self, plan: Plan, page: dict[str, Any], precision: str) -> None:
        import torch

        torch.set_num_threads(1)
        plan.train.precision = precision
        self.engine = build_engine(plan)
        self.page, self.seed = page, plan.train.seed
        state = self.engine.model.state_dict()
        self.drawn = all(torch.allclose(state[key], self.array(key).to(state[key]), 0, 0) for key in page["arrays"])
        self.engine.model.load_state_dict({key: self.array(key) for key in page["arrays"]}, strict=False)

    def array(self, key: str, weights: list[float] | None = None) -> Any:
        """Return a weight of the page."""
        import torch

        (home, at), shape = self.page["arrays"][key]["at"], self.page["arrays"][key]["shape"]
        numbers = torch.tensor(
            (weights if home == "weights" and weights else self.page[home])[at:], dtype=torch.float64
        )
        return numbers[: torch.Size(shape).numel()].reshape(shape)

    def losses(self, steps: int) -> list[float]:
        """Train some steps."""
        engine, found = self.engine, []
        engine.model.train()
        for step in range(steps):
            epoch, number = divmod(step, len(engine.spans))
            begin, end = engine.spans[number]
            order = engine.order(self.seed, epoch)
            (planned,) = engine.due(step)
            planned.live.set_rate(step, epoch, 1.0)
            loss = engine.loss(engine.parts["training"].take(order[begin:end]), planned, {})
            loss.backward()  # type: ignore[no-untyped-call]
            planned.live.step()
            found.append(float(loss.detach()))
        return found

    def away(self, weights: list[float]) -> float:
        """Return the largest difference of a weight."""
        state = self.engine.model.state_dict()
        return max(float((state[key] - self.array(key, weights)).abs().max()) for key in self.page["arrays"])

    def right(self, part: str) -> float:
        """Return how many examples of a part are answered rightly."""
        import torch

        engine = self.engine
        engine.model.eval()
        batch = engine.parts[part].take(torch.arange(engine.parts[part].count))
        states = engine.objective.states()
        engine.objective.measure(states, engine.outputs(batch), batch)
        return states[0].result() * engine.parts[part].count


def compared(path: Path, folder: Path) -> dict[str, Any]:
    """Train a spec in both ways; return what differs, and how fast the page is."""
    spec = load(path)
    spec.check()
    plan = make_plan(spec, Request(folder=str(path.parent), device="cpu", pictures=False))
    page = page_plan(spec, lambda key: prepared_of(plan.dataset))
    (folder / "plan.json").write_text(json.dumps(page), encoding="utf-8")
    last = page["epochs"] * -(-len(page["rows"]["parts"]["training"]) // page["batch"])
    results = {}
    for precision, steps in (("float64", min(STEPS, last)), ("float32", last)):
        command = ["node", "browser/train.mjs", str(folder / "plan.json"), precision, str(steps), "2"]
        own = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT / "page").stdout)
        reference = Torch(plan, page, precision)
        losses = reference.losses(steps)
        away = [abs(one - other) for one, other in zip(own["losses"], losses, strict=True)]
        part = "test" if "test" in own["scores"] else "training"
        right = own["scores"][part]["accuracy"] * len(page["rows"]["parts"][part])
        results[precision] = {
            "losses": max(away),
            "early": max(away[:EARLY]),
            "weights": reference.away(own["weights"]),
            "right": abs(right - reference.right(part)),
            "score": own["scores"][part]["accuracy"],
            "drawn": reference.drawn,
            "steps": steps,
            **{name: own[name] for name in ("rate", "seconds", "rewound")},
        }
    return results


def rows() -> list[Row]:
    """Return what was claimed, what was measured, the bar, and whether it holds."""
    npm(ROOT / "page")
    made: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        specs = [(task, ROOT / "specs" / "tasks" / f"{task}.net") for task in TASKS]
        digits = (ROOT / "page" / "browser" / "digits.net").read_text(encoding="utf-8")
        for own, text in (("2-4-2-1", SMALL), ("digits", digits.replace("epochs = 40", "epochs = 23"))):
            (folder / f"{own}.net").write_text(text, encoding="utf-8")
            specs.append((own, folder / f"{own}.net"))
        for own, path in specs:
            found = compared(path, folder)
            double, single = found["float64"], found["float32"]
            worst = max(double["losses"], double["weights"])
            claim = f"{own}: losses and weights in float64, {double['steps']} steps"
            made.append((claim, f"{worst:.1e}", "<= 1e-9", worst <= 1e-9))
            claim = f"{own}: losses in float32, first {EARLY} steps"
            made.append((claim, f"{single['early']:.1e}", "<= 1e-5", single["early"] <= 1e-5))
            claim = f"{own}: right answers after {single['steps']} steps in float32, differing from torch's"
            made.append((claim, f"{single['right']:.0f}", "<= 1", single["right"] < 1.5))
            claim = f"{own}: rewound and trained again, the same bits"
            made.append((claim, "yes" if single["rewound"] else "no", "yes", single["rewound"] and double["rewound"]))
            if own == "2-4-2-1":
                rate = max(double["rate"], single["rate"])
                made.append((f"{own}: steps a second", f"{rate:,.0f}", f">= {SPEED:,}", rate >= SPEED))
            if own == "digits":
                good = single["score"] >= 0.95 and single["seconds"] <= 10
                shown = f"{single['score']:.3f} in {single['seconds']:.1f} s"
                made.append((f"{own}: accuracy, and seconds to it", shown, ">= 0.95 in <= 10 s", good))
            claim = f"{own}: first weights are those of `netspec train`"
            made.append((claim, "yes" if double["drawn"] else "no", "yes", double["drawn"]))
    return made


def main() -> bool:
    """Compare, measure and publish."""
    found = rows()
    publish("training", "Training in a page without a server, against torch", table(found))
    return all(held for *_, held in found)


if __name__ == "__main__":
    main()

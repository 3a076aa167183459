"""`start z: carried`: a sequence that goes on where the batch before ended."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ops.zeros import Zeros


class Carried(Zeros):
    """The last state of the previous batch, without its gradient; zeros before the first batch.

    `netspec train` hands it from batch to batch; a module takes it as `state` and returns it.
    """

    name = "carried"
    carries = True
    summary = "the last state of the previous batch, detached"
    example = "start z: carried"

    def compute(self, call: Call, *inputs: Array) -> Array:
        return super().compute(call) if call.before is None else call.before.stop()

"""Character RNN

Written by netspec 0.1.0 from the net charrnn; change the spec rather than this file.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Charrnn(nn.Module):
    """Character RNN."""

    def __init__(self, V: int = 11, H: int = 16) -> None:
        super().__init__()
        self.V = V
        self.H = H
        self.z = nn.Linear(V + H, H)
        self.s = nn.Linear(H, V)

    def forward(
        self, c: Tensor, state: dict[str, Any] | None = None, return_state: bool = False
    ) -> Any:
        before = state or {}
        after: dict[str, Any] = {}
        # hidden x: onehot
        x = F.one_hot(c, self.V).to(next(self.parameters()).dtype)
        # hidden z: x & z[t-1] -> H perceptrons -> tanh
        z_before = before["z"] if "z" in before else x.new_zeros(x.shape[0], self.H)
        z_steps = []
        for x_t in x.unbind(1):
            z = torch.tanh(self.z(torch.cat([x_t, z_before], dim=1)))
            z_steps.append(z)
            z_before = z
        z = torch.stack(z_steps, dim=1)
        after["z"] = z_before
        # output s: V perceptrons
        s: Tensor = self.s(z)
        return (s, after) if return_state else s

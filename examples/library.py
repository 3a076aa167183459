"""netspec as a library: load a spec, set its sizes, look at it, take the module and use it in a loop of your own."""

from __future__ import annotations

import torch

import netspec

SPEC = """
netspec 1

net blobs(d = 2, H = 8, K = 3) "three clouds of points" {
  input  x: d
  hidden z: H perceptrons -> relu
  output s: K perceptrons
}
"""


def main() -> float:
    """Trains the net on three clouds of points in a hand-written loop; returns the accuracy on the same points."""
    spec = netspec.parse(SPEC)
    net = spec.net(H=16)
    print(net.show())

    torch.manual_seed(0)
    centres = torch.tensor([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])
    labels = torch.arange(300) % 3
    points = centres[labels] + 0.5 * torch.randn(300, 2)

    model = net.module(seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(100):
        loss = torch.nn.functional.cross_entropy(model(points), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    accuracy = (model(points).argmax(1) == labels).float().mean().item()
    print(f"accuracy {accuracy:.3f}")
    return accuracy


if __name__ == "__main__":
    main()

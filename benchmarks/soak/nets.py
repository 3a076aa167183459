"""Small nets with data and training that, between them, hold every kind of state that a run can lose."""

from __future__ import annotations

import math

_DIGITS = """
data {
  source = sklearn("digits")
  image = image -> scale(0, 1)LATE
  label = label
  split = [0.7, 0.15, 0.15]
}
"""

_MLP = (
    """netspec 1

net mlp {
  input  image: 1@8x8
  hidden z: 48 perceptrons -> relu -> dropout(0.3)
  output y: 10 perceptrons
}
"""
    + _DIGITS.replace("LATE", "")
    + """
train {
  loss = cross_entropy(y, label)
  metrics = [accuracy(y, label)]
  optimizer = adam(lr = 3e-3)
  schedule = cosine
  epochs = 40
  batch = 32
  seed = 1
}
"""
)

_CONV = (
    """netspec 1

net conv {
  input  image: 1@8x8
  hidden C1: 6 filters 3x3 (pad = 1, bias = false) -> batchnorm -> relu
  hidden S2: C1 -> maxpool(2x2)
  output y: S2 -> 10 perceptrons
}
"""
    + _DIGITS.replace("LATE", " -> shift(1) -> flip(0.1)")
    + """
train {
  loss = cross_entropy(y, label)
  metrics = [accuracy(y, label)]
  optimizer = sgd(lr = 0.05, momentum = 0.9, nesterov = true)
  schedule = step(3, gamma = 0.7)
  epochs = 12
  batch = 32
  seed = 2
  best = accuracy
}
"""
)

_CLIP = (
    """netspec 1

net deep {
  input  image: 1@8x8
  hidden a: 32 perceptrons -> layernorm -> gelu -> dropout(0.1)
  hidden b: a + (a -> 32 perceptrons -> tanh)
  output y: b -> 10 perceptrons
}
"""
    + _DIGITS.replace("LATE", " -> crop(8x8, pad = 1)")
    + """
train {
  loss = cross_entropy(y, label, smoothing = 0.1)
  metrics = [accuracy(y, label)]
  optimizer = adamw(lr = 2e-3, weight_decay = 0.05)
  schedule = one_cycle
  clip = 1.0
  accumulate = 3
  epochs = 30
  batch = 20
  seed = 3
  best = loss
  patience = 100
}
"""
)

_CARRIED = """netspec 1

net loop {
  input  x: 1 over 12
  start  z: carried
  hidden z: x & z[t-1] -> 16 perceptrons -> tanh -> dropout(0.1)
  output y: z -> 1 perceptron
}

data {
  source = csv("waves.csv")
  x = column("value") -> standardize -> window(12)
  next = column("value") -> standardize -> window(12, ahead = 1)
  split = [0.8, 0.2]
}

train {
  loss = squared(y, next)
  metrics = [mae(y, next)]
  optimizer = rmsprop(lr = 2e-3, momentum = 0.5)
  schedule = plateau(factor = 0.5, patience = 1)
  clip = 0.5
  epochs = 25
  batch = 8
  seed = 4
}
"""

_TURNS = """netspec 1

block Critic(d) {
  input  image: 1@8x8
  hidden a: d filters 2x2 (stride = 2) -> batchnorm -> leaky(0.2) -> dropout(0.1)
  output real: 1 perceptron
}

net turns {
  input  image: 1@8x8
  output fake: noise(6) -> 12 perceptrons -> batchnorm -> relu -> 8x8 perceptrons -> sigmoid
  output real: image -> Critic(6)
  output judged: fake -> same(real)
}

data {
  source = sklearn("digits")
  image = image -> scale(0, 1)
  split = [0.8, 0.2]
}

train {
  optimizer = adam(lr = 2e-3, betas = [0.5, 0.999])
  epochs = 20
  batch = 32
  seed = 5
  best = loss_forge
}

train judge {
  weights = real
  loss = binary_cross_entropy(real, 0.9) + binary_cross_entropy(judged, 0)
  schedule = cosine
}

train forge {
  weights = fake
  loss = binary_cross_entropy(judged, 1)
  optimizer = sgd(lr = 0.05, momentum = 0.9)
  schedule = plateau(factor = 0.5, patience = 0)
  every = 2
}
"""

NETS = {"dropout": _MLP, "batchnorm": _CONV, "accumulate": _CLIP, "carried": _CARRIED, "turns": _TURNS}


def waves(rows: int = 3000) -> str:
    """The table that the carried net learns: a sum of two waves."""
    values = (math.sin(row / 7) + 0.5 * math.sin(row / 3.1) for row in range(rows))
    return "value\n" + "".join(f"{value:.6f}\n" for value in values)

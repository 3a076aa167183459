"""The texts that the language server is asked about: `‸` marks a place, and is not part of the text."""

from __future__ import annotations

LENET = """netspec 1

# The net of LeCun 1998, as people draw it today.
net len‸et(K = 10) "LeNet" {
  input  image: 1@28x28            "INPUT"
  hidden C‸1: 6 fil‸ters 5x5 (pad = same) -> tanh -> max‸pool(2x2, str‸ide = 2)
  hidden C3: 16 filters 5x5 -> tanh -> maxpool(2x2)
  hidden F5: C‸3 -> 120 perceptrons -> tanh
  output y: ‸K perceptrons
}

data {
  source = skl‸earn("digits")
  image = image -> resize(28x28)
  lab‸el = label
}

train {
  loss = cross_en‸tropy(y, label)
  optimizer = sgd(lr = 0.1, mom‸entum = 0.9)
  ep‸ochs = 3
}

figure {
  view = pla‸nes
  C1.title = "first"
}
"""

BLOCKS = """use Wide‸ from "wide.net"

default filters (bias = false)

block Basic(c) {
  input  x: k @ h‸ x w
  hidden a: c filters 3x3 (pad = same) -> batch‸norm -> relu
  output y: a -> c filters 3x3 (pad = same) -> batchnorm
}

net first(K = 4) {
  input  x: 3@8x8
  hidden s: Ba‸sic(8)
  hidden t: Basic(1‸6) -> maxpool(2)
  output y: mean(space) -> K perceptrons
}

net second(T) {
  input  x: 5 over T
  let    n = 2*3
  hidden z: x & z‸[t-1] -> n perceptrons -> tanh
  start  z: zer‸os
  output y: z -> Wide(n)
}
"""

WIDE = """block Wide(n) {
  input  x: d over T
  output y: 2*n perceptrons
}
"""

WRONG = """net a(K = 3, unused = 1) {
  input  x: 4
  hidden z: 8 perceptrons -> rel‸lu
  output y: K perceptrons (bia = false)
}

net b {
  input  x: 3@10x10
  hidden z: 4 filters 11x11
  output y: nothing -> 2 perceptrons
}
"""

HALF = """net half(K = 3) {
  input  x: 3@8x8
  hidden c: 4 filters 3x3 -> ‸
  hidden d: c -> dropout(‸
  output y: ‸
}

train {
  loss = ‸
  opt‸
}
"""

KOREAN = """net 그물(K = 2) "😀 심층" {
  input  입력: 4                "😀"
  hidden 은닉: 입‸력 -> 3 perceptrons -> relu   "은닉층 😀"
  output 출력: 은‸닉 -> K perceptrons
}
"""

UNTIDY = """net n{
 input x:4
 hidden   z: 3 perceptrons->relu
  # a remark
  # of two lines
 output y:   z->2 perceptrons‸
}
"""

TEXTS = {
    "lenet": LENET,
    "blocks": BLOCKS,
    "wide": WIDE,
    "wrong": WRONG,
    "half": HALF,
    "korean": KOREAN,
    "untidy": UNTIDY,
}

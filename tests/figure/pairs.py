"""Pairs of nets of equal types that differ in one thing which no option says: wiring, order, sharing, names, delays.

They were written before the figures were looked at; every view that draws both nets must draw them differently.
"""

from __future__ import annotations

from tests.figure.law import FLAT, OVER, UP, body, both

ENC = ("input x: 8 over 7", "input w: 5 over 9", "input a: 4", "hidden h: x & h[t-1] -> 4 perceptrons -> tanh")
PAIRS: dict[str, tuple[str, str]] = {
    "a bidirectional LSTM of two layers and an Elman net": (
        body("input x: 4 over 6", "hidden z: lstm(2, layers = 2, bidirectional = true)", "output y: 2 perceptrons"),
        body("input x: 4 over 6", "hidden z: x & z[t-1] -> 4 perceptrons -> tanh", "output y: 2 perceptrons"),
    ),
    "masked attention": both("attention(2)", "attention(2, causal = true)", *OVER),
    "a start from the encoder": both(
        "h -> last",
        "a",
        *ENC,
        "start s: LINE",
        "hidden s: w & s[t-1] -> 4 perceptrons -> tanh",
        "output y: s & a -> 5 perceptrons",
    ),
    "the first or the last step": both(
        "z -> first", "z -> last", "input x: 4 over 6", "hidden z: x & z[t-1] -> 4 perceptrons", "output y: LINE"
    ),
    "which state is read earlier": both(
        "b[t-1]",
        "a[t-1]",
        "input x: 4 over 6",
        "hidden a: x & a[t-1] -> 4 perceptrons",
        "hidden b: a & LINE -> 4 perceptrons",
        "output y: b -> 2 perceptrons",
    ),
    "delay 1 or 2": both(
        "z[t-1]", "z[t-2]", "input x: 4 over 6", "hidden z: x & LINE -> 4 perceptrons", "output y: 2 perceptrons"
    ),
    "two delays": both(
        "z[t-1]",
        "z[t-1] & z[t-2]",
        "input x: 4 over 6",
        "hidden z: x & LINE -> 4 perceptrons",
        "output y: 2 perceptrons",
    ),
    "own or other input": both(
        "a & c",
        "a & b",
        "input a: 4",
        "input b: 4",
        "input c: 4",
        "hidden z: LINE -> 4 perceptrons",
        "output y: z & b & c -> 2 perceptrons",
    ),
    "add or join": both(
        "a + b",
        "a & b",
        "input x: 4",
        "hidden a: x -> 4 perceptrons",
        "hidden b: x -> 4 perceptrons -> relu",
        "hidden z: LINE",
        "output y: 2 perceptrons",
    ),
    "add or multiply": both(
        "a + b",
        "a*b",
        "input x: 4",
        "hidden a: x -> 4 perceptrons",
        "hidden b: x -> 4 perceptrons -> relu",
        "hidden z: LINE",
        "output y: 2 perceptrons",
    ),
    "norm before or after the activation": both(
        "8 perceptrons -> batchnorm -> relu", "8 perceptrons -> relu -> batchnorm", *FLAT
    ),
    "norm before or after the sum": both(
        "x + (x -> layernorm -> 8 perceptrons)", "x + (x -> 8 perceptrons) -> layernorm", *FLAT
    ),
    "dropout before or after": both(
        "dropout(0.5) -> 8 perceptrons -> relu", "8 perceptrons -> relu -> dropout(0.5)", *FLAT
    ),
    "pool before or after the filters": both(
        "maxpool(2x2) -> 4 filters 3x3 (pad = 1)",
        "4 filters 3x3 (pad = 1) -> maxpool(2x2)",
        "input x: 4@8x8",
        *FLAT[1:],
    ),
    "tied or own": both(
        "b -> 8 perceptrons", "b -> 8 perceptrons (tie = b)", "input x: 8", "hidden b: x -> 8 perceptrons", *FLAT[1:]
    ),
    "rounds shared or own": both("repeat 3 { Up }", "repeat 3 shared { Up }", *FLAT, before=UP),
    "two or three rounds": both("repeat 2 { Up }", "repeat 3 { Up }", *FLAT, before=UP),
    "siamese or two nets": both(
        "b -> same(u)",
        "b -> 4 perceptrons",
        "input a: 8",
        "input b: 8",
        "hidden u: a -> 4 perceptrons",
        "hidden v: LINE",
        "output y: u & v -> 2 perceptrons",
    ),
    "dilations 1 2 4 or 1 1 1": both(
        "4 filters 3x3 (pad = same) -> 4 filters 3x3 (pad = same, dilation = 2)",
        "4 filters 3x3 (pad = same) -> 4 filters 3x3 (pad = same)",
        "input x: 4@9x9",
        *FLAT[1:],
    ),
    "groups": both("8 filters 3x3 (groups = 2)", "8 filters 3x3 (groups = 4)", "input x: 8@6x6", *FLAT[1:]),
    "depthwise then pointwise or the other way": both(
        "8 filters 3x3 (pad = 1, groups = 8) -> 8 filters 1x1",
        "8 filters 1x1 -> 8 filters 3x3 (pad = 1, groups = 8)",
        "input x: 8@6x6",
        *FLAT[1:],
    ),
    "a longer skip": both(
        "a",
        "x",
        "input x: 8",
        "hidden a: x -> 8 perceptrons -> relu",
        "hidden b: a -> 8 perceptrons -> relu",
        "hidden z: b + LINE",
        "output y: 2 perceptrons",
    ),
    "which part": both(
        "h.1",
        "h.2",
        "input x: 8",
        "hidden h: 8 perceptrons -> split(2)",
        "hidden z: LINE -> 4 perceptrons",
        "hidden r: h.1 & h.2",
        "output y: z & r -> 2 perceptrons",
    ),
    "parts in other order": both(
        "h.1 - h.2",
        "h.2 - h.1",
        "input x: 8",
        "hidden h: 8 perceptrons -> split(2)",
        "hidden z: LINE",
        "output y: 2 perceptrons",
    ),
    "outputs with each other's names": (
        body(
            "input x: 8",
            "hidden h: 8 perceptrons",
            "output mean: h -> 4 perceptrons",
            "output spread: h -> 4 perceptrons -> softplus",
        ),
        body(
            "input x: 8",
            "hidden h: 8 perceptrons",
            "output spread: h -> 4 perceptrons",
            "output mean: h -> 4 perceptrons -> softplus",
        ),
    ),
    "from which layer an output comes": both(
        "a",
        "b",
        "input x: 8",
        "hidden a: x -> 8 perceptrons -> relu",
        "hidden b: a -> 8 perceptrons -> relu",
        "output y: b -> 2 perceptrons",
        "output z: LINE -> 2 perceptrons",
    ),
    "query and memory exchanged": both(
        "a, b, b -> attention(2)",
        "b, a, a -> attention(2)",
        "input a: 4 over 6",
        "input b: 4 over 6",
        "hidden z: LINE",
        "output y: z & a & b -> 2 perceptrons",
    ),
    "direction": both("gru(3)", "reversed(gru(3))", *OVER),
    "which of two runs back": both(
        "f - b",
        "b - f",
        "input x: 4 over 6",
        "hidden f: x -> gru(3)",
        "hidden b: x -> reversed(gru(3))",
        "output y: LINE -> 2 perceptrons",
    ),
    "gate on the other input": both(
        "(1 - u)*x + u*n",
        "u*x + (1 - u)*n",
        "input x: 4",
        "hidden u: 4 perceptrons -> sigmoid",
        "hidden n: x -> 4 perceptrons -> tanh",
        "hidden z: LINE",
        "output y: 2 perceptrons",
    ),
    "softmax inside or outside": both(
        "4 perceptrons -> softmax -> 4 perceptrons", "4 perceptrons -> 4 perceptrons -> softmax", *FLAT
    ),
    "no gradient into one branch": both(
        "(a -> stop) + b",
        "a + (b -> stop)",
        "input x: 4",
        "hidden a: x -> 4 perceptrons",
        "hidden b: x -> 4 perceptrons",
        "hidden z: LINE",
        "output y: z & a & b -> 2 perceptrons",
    ),
    "mean or last over time": both("mean(time)", "last", *OVER),
    "a block called with other steps": (
        body(
            "input x: 8",
            "hidden z: Act(relu) -> Act(tanh) -> Act(relu)",
            "hidden a: Act(relu) -> Act(relu) -> Act(relu)",
            "hidden b: Act(relu) -> Act(relu) -> Act(relu)",
            "output y: 2 perceptrons",
            before="block Act(act) {\n  input x: 8\n  output y: 8 perceptrons -> act\n}\n",
        ),
        body(
            "input x: 8",
            "hidden z: Act(relu) -> Act(relu) -> Act(tanh)",
            "hidden a: Act(relu) -> Act(relu) -> Act(relu)",
            "hidden b: Act(relu) -> Act(relu) -> Act(relu)",
            "output y: 2 perceptrons",
            before="block Act(act) {\n  input x: 8\n  output y: 8 perceptrons -> act\n}\n",
        ),
    ),
}

"""Tables of words that other tools (PyTorch, Keras, scikit-learn, papers, Korean) use for what netspec has.

There is one table for each topic. A key is the foreign word, folded by `fold`; the value is the netspec word, or the
text to write in netspec.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from netspec.names import nearest

# words that begin a line
LINES: Final = {
    "layer": "hidden", "in": "input", "out": "output", "model": "net", "network": "net", "graph": "net",
    "class": "block", "def": "block", "function": "block", "func": "block", "module": "block", "fn": "block",
    "const": "let", "var": "let", "set": "let", "define": "let", "param": "let", "val": "let", "assert": "require",
    "check": "require", "import": "use", "include": "use", "from": "use", "for": "repeat", "while": "repeat",
    "loop": "repeat", "return": "output", "dataset": "data", "training": "train", "fit": "train", "plot": "figure",
    "입력": "input", "은닉": "hidden", "은닉층": "hidden", "층": "hidden", "출력": "output", "신경망": "net",
    "모델": "net", "블록": "block", "데이터": "data", "학습": "train", "그림": "figure", "상수": "let",
    "반복": "repeat",
}  # fmt: skip
NOUNS: Final = {
    "neurons": "perceptrons", "neuron": "perceptron", "units": "perceptrons", "nodes": "perceptrons",
    "unit": "perceptron", "node": "perceptron", "cell": "perceptron", "cells": "perceptrons", "conv": "filters",
    "kernel": "filter", "convolution": "filters", "feature": "filters", "maps": "filters", "map": "filter",
    "퍼셉트론": "perceptrons", "뉴런": "perceptrons", "노드": "perceptrons", "유닛": "perceptrons",
    "kernels": "filters", "필터": "filters", "convs": "filters", "channels": "filters", "convolutions": "filters",
}  # fmt: skip
# steps of other tools, and how netspec writes them
STEPS: Final = {
    "linear": "128 perceptrons", "dense": "128 perceptrons", "fc": "128 perceptrons",
    "fullyconnected": "128 perceptrons",
    "innerproduct": "128 perceptrons", "neurons": "128 perceptrons", "units": "128 perceptrons",
    "conv": "64 filters 3x3", "conv1d": "64 filters 3", "conv2d": "64 filters 3x3", "conv3d": "64 filters 3x3x3",
    "convolution": "64 filters 3x3", "convolutional": "64 filters 3x3", "kernel": "64 filters 3x3",
    "convtranspose2d": "64 filters 2x2 (transposed = true, stride = 2)",
    "deconv": "64 filters 2x2 (transposed = true, stride = 2)",
    "maxpooling": "maxpool(2x2)", "maxpool2d": "maxpool(2x2)", "maxpooling2d": "maxpool(2x2)", "pool": "maxpool(2x2)",
    "averagepool": "avgpool(2x2)", "avgpool2d": "avgpool(2x2)", "averagepooling2d": "avgpool(2x2)",
    "globalaveragepooling2d": "mean(space)", "globalavgpool": "mean(space)", "gap": "mean(space)",
    "adaptiveavgpool2d": "avgpool(to = 7x7)", "adaptiveavgpool": "avgpool(to = 7x7)",
    "globalmaxpool": "max(space)", "batchnorm2d": "batchnorm", "batchnormalization": "batchnorm", "bn": "batchnorm",
    "layernormalization": "layernorm", "ln": "layernorm", "groupnormalization": "groupnorm(groups)",
    "embedding": "embed(d)", "leakyrelu": "leaky(0.01)",
    "prelu": "(x -> relu) - (-1*x -> relu -> gain(maps, init = 0.25))", "neg": "-1*x", "negative": "-1*x",
    "swish": "silu", "linearactivation": "identity",
    "add": "a + b", "concat": "a & b", "concatenate": "a & b", "cat": "a & b", "residual": "x + (x -> …)",
    "multiheadattention": "attention(heads)", "selfattention": "attention(heads)", "mha": "attention(heads)",
    "zeropadding2d": "pad(1)", "upsampling2d": "upsample(2)", "positionalencoding": "positions(kind = sine)",
    "globalavgpool2d": "mean(space)", "fold": "unflatten(14x14)", "pixelshuffle": "unpatches(2x2)",
    "droppath2d": "droppath(p)", "stochasticdepth": "droppath(p)",
    "view": "reshape", "permute": "transpose", "log_softmax": "softmax -> log", "logsoftmax": "softmax -> log",
    "dropout1d": "dropout(0.5)", "dropout2d": "dropout(0.5, maps)", "spatialdropout2d": "dropout(0.5, maps)",
    "bilstm": "lstm(64, bidirectional = true)", "bidirectional": "lstm(64, bidirectional = true)",
    "bigru": "gru(64, bidirectional = true)", "lstmcell": "LSTM(64)", "grucell": "GRU(64)", "simplernn": "rnn(64)",
    "batchnorm1d": "batchnorm", "batchnorm3d": "batchnorm", "instancenorm2d": "instancenorm",
    "globalmaxpooling2d": "max(space)", "globalmaxpooling1d": "max(time)", "globalaveragepooling1d": "mean(time)",
    "adaptivemaxpool2d": "maxpool(to = 7x7)", "maxpool1d": "maxpool(2)", "avgpool1d": "avgpool(2)",
    "conv2dtranspose": "64 filters 2x2 (transposed = true, stride = 2)",
    "depthwiseconv2d": "c filters 3x3 (groups = c)", "upsample2d": "upsample(2)", "interpolate": "upsample(2)",
    "multiply": "a*b", "mul": "a*b", "subtract": "a - b", "sub": "a - b", "softmax2d": "softmax(maps)",
    "transformerencoderlayer": "Encoder(heads, m)", "transformerdecoderlayer": "Decoder(heads, m, memory = a)",
    "positionembedding": "positions", "argmax": "softmax", "squeeze": "mean(space)", "chunk": "split(2)",
    "min": "-1*(-1*x -> max(space))", "amin": "-1*(-1*x -> max(space))", "amax": "max(space)",
    "reciprocal": "x*(-1*(x -> square -> log) -> exp)", "glu": "a*(b -> sigmoid)", "logsigmoid": "sigmoid -> log",
    "clamp": "(x - lo -> relu) - (x - hi -> relu) + lo", "pow": "x*x",
    "clip": "(x - lo -> relu) - (x - hi -> relu) + lo",
    "hardtanh": "(x + 1 -> relu) - (x - 1 -> relu) - 1", "power": "x*x",
    "selu": "1.05070099*(x -> relu) + 1.75809934*(-1*(-1*x -> relu) -> elu)",
}  # fmt: skip
# options of steps; if several netspec options are possible, they are separated by spaces
OPTIONS: Final = {
    "padding": "pad", "strides": "stride", "kernel_size": "kernel", "ceil_mode": "ceil", "rate": "p", "epsilon": "eps",
    "use_bias": "bias", "num_heads": "heads", "n_heads": "heads", "dilation_rate": "dilation", "group": "groups",
    "initializer": "init", "kernel_initializer": "init", "negative_slope": "slope", "alpha": "slope",
    "hidden_size": "units", "num_units": "units", "output_dim": "width units", "embedding_dim": "width",
    "activation": "act", "nonlinearity": "act", "pool_size": "kernel", "return_sequences": "", "scale": "factor",
    "padding_mode": "mode", "interpolation": "mode", "theta": "rotary", "is_causal": "causal", "prob": "p",
}  # fmt: skip
# options that netspec expresses in another way: the value is the name of a hint in the catalogue
OPTIONS_SAID: Final = {
    "trainable": "frozen", "requires_grad": "frozen", "kernel_size": "kernel", "kernel": "kernel", "size": "kernel",
    "dim": "role", "axis": "role", "dims": "role", "keepdim": "role", "keepdims": "role", "mask": "causal",
    "attn_mask": "causal", "data_format": "order", "batch_first": "order", "in_features": "inputs",
    "in_channels": "inputs", "input_size": "inputs", "input_shape": "inputs", "input_dim": "inputs",
}  # fmt: skip
ACTIVATION_OPTIONS: Final = ("activation", "activation_fn", "act", "nonlinearity")
# words that are values of options: roles, modes and kinds
WORDS: Final = {
    "channels": "maps", "channel": "maps", "features": "maps", "c": "maps", "spatial": "space", "hw": "space",
    "rows": "space", "columns": "space", "height": "space", "width": "space", "pixels": "space", "sequence": "time",
    "seq": "time", "length": "time", "steps": "time", "temporal": "time", "sinusoidal": "sine", "sin": "sine",
    "sincos": "sine", "mirror": "reflect", "symmetric": "reflect", "replicate": "edge", "border": "edge",
    "circular": "wrap", "zero": "constant", "zeros": "constant", "bilinear": "linear", "bicubic": "linear",
    "trilinear": "linear", "centre": "center", "valid": "", "both": "",
}  # fmt: skip
# distributions of initial values
INITS: Final = {
    "kaiming": "he", "kaiming_normal": "he", "kaiming_uniform": "he_uniform", "he_normal": "he", "glorot": "xavier",
    "glorot_uniform": "xavier", "xavier_uniform": "xavier", "glorot_normal": "xavier_normal", "gaussian": "normal",
    "random_normal": "normal", "gauss": "normal", "random_uniform": "uniform", "lecun_normal": "lecun",
    "trunc_normal": "truncated_normal", "truncatednormal": "truncated_normal", "const": "constant", "zero": "zeros",
    "one": "ones", "randn": "normal", "rand": "uniform",
}  # fmt: skip
# losses, metrics, optimizers, schedules, sources and steps of fields
ENTRIES: Final = {
    "mse": "squared", "l2": "squared", "meansquarederror": "squared", "mae": "l1", "meanabsoluteerror": "l1",
    "bce": "binary_cross_entropy", "bcewithlogits": "binary_cross_entropy", "logloss": "binary_cross_entropy",
    "ce": "cross_entropy", "softmaxcrossentropy": "cross_entropy", "categoricalcrossentropy": "cross_entropy",
    "sparsecategoricalcrossentropy": "cross_entropy", "smoothl1": "huber", "kldiv": "kl", "acc": "accuracy",
    "normalize": "standardize", "rescale": "scale", "cosineannealing": "cosine", "onecycle": "one_cycle",
    "cosineannealingwarmrestarts": "cosine_restarts", "reducelronplateau": "plateau",
}  # fmt: skip
# words that users may expect as settings of a train section, but that netspec takes on the command line
FLAGS: Final = {
    "device": "--device", "gpu": "--device", "cuda": "--device", "threads": "--threads", "workers": "--workers",
    "num_workers": "--workers", "out": "--out", "save_every": "--save-every", "processes": "--processes",
}  # fmt: skip
# options of the optimizer that other tools set outside the optimizer
OPTIMIZER_OPTIONS: Final = {
    "lr": "lr",
    "learning_rate": "lr",
    "momentum": "momentum",
    "weight_decay": "weight_decay",
    "betas": "betas",
}


def fold(word: str) -> str:
    """Return a word in the form of the tables: `nn.CrossEntropyLoss` as crossentropyloss, `nll_loss` as nllloss."""
    return word.rpartition(".")[2].casefold().replace("_", "")


def translate(word: str, topic: Mapping[str, str], legal: Collection[str]) -> str | None:
    """Return the legal word that a word of another tool means, or else the nearest legal word, or None.

    Example:
        >>> translate("nn.NLLLoss", ENTRIES, ("cross_entropy", "nll"))
        'nll'
    """
    folded = fold(word)
    for form in (word.casefold(), folded, folded.removesuffix("loss"), folded.removesuffix("lr")):
        found = topic.get(form, "")
        if found in legal:
            return found
        for name in legal:
            if form == fold(name):
                return name
    return nearest(word.rpartition(".")[2], legal)


def shape(numbers: list[str]) -> tuple[str, bool]:
    """Return the type that a shape of other tools means, and whether it is certain on which side its maps stand.

    An image has at most four maps: `(28, 28, 1)` has its maps last, `(3, 32, 32)` first.
    """
    if len(numbers) <= 2:
        return "x".join(numbers), True
    first, last = (int(number) <= 4 for number in (numbers[0], numbers[-1]))
    maps, *space = [numbers[-1], *numbers[:-1]] if last and not first else numbers
    return f"{maps}@{'x'.join(space)}", first != last

"""Tables of words that other tools (PyTorch, Keras, scikit-learn, papers, Korean) use for what netspec has.

There is one table for each topic. A key is the foreign word, folded by `fold`; the value is the netspec word, or the
text to write in netspec.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
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
    "반복": "repeat", "입력층": "input", "출력층": "output",
}  # fmt: skip
NOUNS: Final = {
    "neurons": "perceptrons", "neuron": "perceptron", "units": "perceptrons", "nodes": "perceptrons",
    "unit": "perceptron", "node": "perceptron", "cell": "perceptron", "cells": "perceptrons", "conv": "filters",
    "kernel": "filter", "convolution": "filters", "feature": "filters", "maps": "filters", "map": "filter",
    "퍼셉트론": "perceptrons", "뉴런": "perceptrons", "노드": "perceptrons", "유닛": "perceptrons",
    "classes": "perceptrons", "outputs": "perceptrons", "logits": "perceptrons",
    "kernels": "filters", "필터": "filters", "convs": "filters", "channels": "filters", "convolutions": "filters",
}  # fmt: skip
# steps of other tools, and how netspec writes them
STEPS: Final = {
    **dict.fromkeys(
        ("moe", "sparsemoe", "mixtureofexperts", "moelayer", "experts", "switch"), "mixture(8, top = 2) { SwiGLU(256) }"
    ),
    **dict.fromkeys(
        ("linearattention", "retention", "ssm", "ssd", "selectivescan", "mamba", "mamba2"), "q, k, v -> scan(decay = a)"
    ),
    **dict.fromkeys(("deltarule", "deltanet", "gateddeltanet"), "q, k, v -> scan(decay = a, delta = b)"),
    "cumsum": "scan",
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
    "prelu": "(x -> relu) - (-x -> relu -> gain(maps, init = 0.25))", "neg": "-x", "negative": "-x",
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
    "positionembedding": "positions", "argmax": "argmax", "squeeze": "mean(space)", "chunk": "split(2)",
    "min": "-(-x -> max(space))", "amin": "-(-x -> max(space))", "amax": "max(space)",
    "reciprocal": "1/x", "div": "a/b", "divide": "a/b", "glu": "a*(b -> sigmoid)", "logsigmoid": "sigmoid -> log",
    "clip": "clamp(0, 1)", "hardtanh": "clamp(-1, 1)", "pow": "x^2", "power": "x^2", "rsqrt": "1/(x -> sqrt)",
    "sine": "sin", "cosine": "cos", "tan": "(x -> sin)/(x -> cos)",
    "hswish": "hardswish", "hsigmoid": "hardsigmoid", "gelunew": "gelu(tanh)", "quickgelu": "x*(1.702*x -> sigmoid)",
    "gelutanh": "gelu(tanh)", "gelufast": "gelu(tanh)", "layerscale": "gain(init = 1e-6)", "scale": "gain",
    "dwconv": "c filters 3x3 (groups = c)", "depthwise": "c filters 3x3 (groups = c)", "pointwise": "64 filters 1x1",
    "rearrange": "flatten(space)", "einsum": "a, b -> matmul", "bmm": "a, b -> matmul", "relu1": "hardsigmoid",
    "softsign": "x/(1 + (x -> abs))", "tanhshrink": "x - (x -> tanh)",
    "crelu": "(x -> relu) & (-x -> relu)",
    "sequential": "a -> b", "identitylayer": "identity", "noop": "identity", "spacetodepth": "patches(2x2)",
    "depthtospace": "unpatches(2x2)", "pixelunshuffle": "patches(2x2)", "l2norm": "normalize",
    "l2normalize": "normalize",
    "randomflip": "x = image -> flip", "randomhorizontalflip": "x = image -> flip",
    "randomcrop": "x = image -> shift(4)", "randomtranslation": "x = image -> shift(4)",
    "rescaling": "x = image -> scale(0, 1)", "resizing": "x = image -> resize(32x32)",
    "totensor": "x = image -> scale(0, 1)",
    "swiglu": "SwiGLU(m)", "squeezeexcite": "SE(q)", "selayer": "SE(q)", "seblock": "SE(q)",
    "globalaveragepool": "mean(space)", "globalmaxpool2d": "max(space)", "reducemean": "mean(space)",
    "reducemax": "max(space)", "instancenormalization": "instancenorm", "lrn": "batchnorm",
    "repeatvector": "expand(time = 10)",
    "masking": "stop", "onehotencoding": "onehot",
    "렐루": "relu", "시그모이드": "sigmoid", "소프트맥스": "softmax", "탄젠트": "tanh", "하이퍼볼릭탄젠트": "tanh",
    "드롭아웃": "dropout(0.5)", "배치정규화": "batchnorm", "층정규화": "layernorm", "맥스풀링": "maxpool(2x2)",
    "최대풀링": "maxpool(2x2)", "평균풀링": "avgpool(2x2)", "임베딩": "embed(d)", "어텐션": "attention(heads)",
    "평탄화": "flatten", "플래튼": "flatten", "완전연결": "128 perceptrons", "합성곱": "64 filters 3x3",
    "selu": "1.05070099*(x -> relu) + 1.75809934*(-(-x -> relu) -> elu)",
}  # fmt: skip
# data sets by name, and the source that reads them
SOURCES: Final = {
    "mnist": 'idx("train", test = "t10k")', "fashionmnist": 'idx("train", test = "t10k")', "iris": 'sklearn("iris")',
    "digits": 'sklearn("digits")', "wine": 'sklearn("wine")', "breastcancer": 'sklearn("breast_cancer")',
    "diabetes": 'sklearn("diabetes")', "cifar10": 'folder("cifar10")', "imagenet": 'folder("imagenet")',
    "imagefolder": 'folder("pictures")', "moons": 'synthetic("two_moons")', "excel": 'csv("table.csv")',
}  # fmt: skip
# what version 1 of the language has no word for, and the nearest that it has
ABSENT: Final = {
    "topk": "topk(3)", "argsort": "sort",
    "sort": "sort", "gather": "gather", "where": "a*mask + b*(1 - mask)", "roll": "roll(1)", "shiftleft": "z[t-1]",
    "cumsum": "x + z[t-1]", "fft": "64 filters 3", "rfft": "64 filters 3", "median": "mean(space)", "round": "step",
    "sign": "2*(x -> step) - 1", "floor": "step", "scan": "z[t-1]",
}  # fmt: skip
# options of steps; if several netspec options are possible, they are separated by spaces
OPTIONS: Final = {
    "padding": "pad", "strides": "stride", "kernel_size": "kernel", "ceil_mode": "ceil", "rate": "p", "epsilon": "eps",
    "use_bias": "bias", "num_heads": "heads", "n_heads": "heads", "dilation_rate": "dilation", "group": "groups",
    "initializer": "init", "kernel_initializer": "init", "negative_slope": "slope", "alpha": "slope",
    "hidden_size": "units", "num_units": "units", "num_layers": "layers", "output_dim": "width units",
    "embedding_dim": "width",
    "activation": "act", "nonlinearity": "act", "pool_size": "kernel", "return_sequences": "", "scale": "factor",
    "편향": "bias", "보폭": "stride", "스트라이드": "stride", "패딩": "pad", "kernel_init": "init", "bias_init": "",
    "padding_mode": "mode", "interpolation": "mode", "theta": "rotary", "is_causal": "causal", "prob": "p",
}  # fmt: skip
# options that netspec expresses in another way: the value is the name of a hint in the catalogue
OPTIONS_SAID: Final = {
    "trainable": "frozen", "requires_grad": "frozen", "kernel_size": "kernel", "kernel": "kernel", "size": "kernel",
    "dim": "role", "axis": "role", "dims": "role", "keepdim": "role", "keepdims": "role", "mask": "causal",
    "attn_mask": "causal", "data_format": "order", "batch_first": "order", "in_features": "inputs",
    "positions": "positions", "relative": "positions", "relative_position": "positions", "rel_pos": "positions",
    "in": "inputs", "in_channels": "inputs", "input_size": "inputs", "input_shape": "inputs", "input_dim": "inputs",
}  # fmt: skip
ACTIVATION_OPTIONS: Final = ("activation", "activation_fn", "act", "nonlinearity", "활성화", "활성함수", "활성화함수")
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
    "cosineannealingwarmrestarts": "cosine_restarts", "reducelronplateau": "plateau", "minmaxscaler": "scale",
    "minmax": "scale", "standardscaler": "standardize", "zscore": "standardize", "onehotencoder": "onehot",
    "totensor": "scale", "labelencoder": "label", "randomcrop": "crop", "randomhorizontalflip": "flip",
}  # fmt: skip
# words that users may expect as settings of a train section, but that netspec takes on the command line
FLAGS: Final = {
    "device": "--device", "gpu": "--device", "cuda": "--device", "threads": "--threads", "workers": "--workers",
    "num_workers": "--workers", "out": "--out", "save_every": "--save-every", "processes": "--processes",
}  # fmt: skip
# settings of sections in other tools, and their values
SETTINGS: Final = {
    "early_stopping": "patience", "early_stopping_patience": "patience", "random_state": "seed", "random_seed": "seed",
    "manual_seed": "seed", "max_epochs": "epochs", "num_epochs": "epochs", "n_epochs": "epochs", "criterion": "loss",
    "loss_fn": "loss", "objective": "loss", "scheduler": "schedule", "lr_scheduler": "schedule", "monitor": "best",
    "grad_clip": "clip", "gradient_clip_val": "clip", "clip_norm": "clip", "max_norm": "clip", "dtype": "precision",
    "eval_metric": "metrics", "scoring": "metrics", "opt": "optimizer", "accumulate_grad_batches": "accumulate",
    "에폭": "epochs", "에포크": "epochs", "배치": "batch", "배치크기": "batch", "배치사이즈": "batch", "손실": "loss",
    "손실함수": "loss",
    "최적화기": "optimizer", "옵티마이저": "optimizer", "시드": "seed",
}  # fmt: skip
VALUES: Final = {
    "lr": "right", "ltr": "right", "horizontal": "right", "rl": "left", "rtl": "left", "tb": "down", "td": "down",
    "vertical": "down", "bottom": "down", "toptobottom": "down", "topdown": "down", "lefttoright": "right",
    "righttoleft": "left", "bottomtotop": "up", "bottomup": "up", "top": "up",
    "bt": "up", "kr": "ko", "kor": "ko", "korean": "ko", "한국어": "ko",
    "us": "en", "eng": "en", "english": "en",
    "black": "dark", "night": "dark", "light": "classic",
    "default": "classic",
    "grey": "mono", "gray": "mono", "bw": "mono", "network": "neurons", "graph": "blocks", "diagram": "blocks",
}  # fmt: skip
# options of the optimizer that other tools set outside the optimizer
OPTIMIZER_OPTIONS: Final = {
    "lr": "lr",
    "learning_rate": "lr",
    "학습률": "lr",
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


# ---- calls of other libraries: what their values mean

_TORCH_CONV = "in_channels out_channels kernel_size stride padding dilation groups bias"
_KERAS_CONV = "filters kernel_size strides padding data_format dilation_rate groups activation use_bias"
_UP = "in_channels out_channels kernel_size stride padding output_padding groups bias"
_UPS = "filters kernel_size strides padding activation use_bias"
_POOL = "kernel_size stride padding dilation"
# The name of a call -> (its parameters in order, what netspec writes) for each library that has it. In braces stands a
# parameter; `:2` makes a grid of two axes of it. What is left of the parameters becomes options, by OPTIONS.
CALLS: Final = {
    "Linear": [
        ("in_features out_features bias", "{out_features} perceptrons"), ("output_size", "{output_size} perceptrons"),
    ],
    "gemm": [("a b c alpha beta transA transB", "{a} -> 8 perceptrons")],
    "LazyLinear|dense|fc|fullyconnected|affine|linear|neurons|units|perceptrons|perceptron": [
        ("units activation use_bias", "{units} perceptrons"),
        ("in_features out_features bias", "{out_features} perceptrons"),
    ],
    "Conv1d": [(_TORCH_CONV, "{out_channels} filters {kernel_size} | along = time"),
               (_TORCH_CONV, "{out_channels} filters {kernel_size}")],
    "conv1d": [(_KERAS_CONV, "{filters} filters {kernel_size} | along = time"),
               (_KERAS_CONV, "{filters} filters {kernel_size}")],
    "Conv2d": [(_TORCH_CONV, "{out_channels} filters {kernel_size:2}")],
    "conv2d|conv|convolution|filters|filter|convolution2d": [
        (_KERAS_CONV, "{filters} filters {kernel_size:2}"), (_TORCH_CONV, "{out_channels} filters {kernel_size:2}"),
        ("x w b kernel_size strides padding group dilation", "{x} -> 8 filters {kernel_size:2}"),
    ],
    "Conv3d": [(_TORCH_CONV, "{out_channels} filters {kernel_size:3}")],
    "conv3d": [(_KERAS_CONV, "{filters} filters {kernel_size:3}")],
    "conv1x1|pointwise|pointwiseconv|pwconv": [("filters activation", "{filters} filters 1x1"),
                                               ("inputs filters", "{filters} filters 1x1")],
    "conv3x3": [
        ("filters stride activation", "{filters} filters 3x3"), ("inputs filters stride", "{filters} filters 3x3"),
    ],
    "conv5x5": [("filters stride activation", "{filters} filters 5x5")],
    "conv7x7": [("filters stride activation", "{filters} filters 7x7")],
    "depthwise|depthwiseconv|depthwiseconv2d|dwconv|dwconv2d": [
        ("kernel_size strides padding", "{maps} filters {kernel_size:2} | groups = {maps}"),
        ("in_channels kernel_size stride padding", "{maps} filters {kernel_size:2} | groups = {maps}"),
    ],
    "ConvTranspose2d": [(_UP, "{out_channels} filters {kernel_size:2} | transposed = true")],
    "conv2dtranspose|convtranspose2d|deconv|deconv2d|upconv": [
        (_UPS, "{filters} filters {kernel_size:2} | transposed = true"),
        (_UP, "{out_channels} filters {kernel_size:2} | transposed = true"),
    ],
    "maxpool2d|maxpooling2d|maxpool|maxpooling|pool": [
        (_POOL, "maxpool({kernel_size:2})"), ("pool_size strides padding", "maxpool({pool_size:2})"),
    ],
    "avgpool2d|averagepooling2d|avgpool|averagepooling|meanpool": [
        (_POOL, "avgpool({kernel_size:2})"), ("pool_size strides padding", "avgpool({pool_size:2})"),
    ],
    "maxpool1d|maxpooling1d": [
        (_POOL, "maxpool({kernel_size})"), ("pool_size strides padding", "maxpool({pool_size})"),
    ],
    "avgpool1d|averagepooling1d": [
        (_POOL, "avgpool({kernel_size})"), ("pool_size strides padding", "avgpool({pool_size})"),
    ],
    "adaptiveavgpool2d": [("output_size", "avgpool(to = {output_size:2})")],
    "adaptivemaxpool2d": [("output_size", "maxpool(to = {output_size:2})")],
    "LSTM": [
        ("input_size hidden_size num_layers bias batch_first dropout bidirectional", "lstm({hidden_size})"),
        ("units activation", "lstm({units})"),
    ],
    "GRU": [
        ("input_size hidden_size num_layers bias batch_first dropout bidirectional", "gru({hidden_size})"),
        ("units activation", "gru({units})"),
    ],
    "RNN|SimpleRNN": [
        ("input_size hidden_size num_layers", "rnn({hidden_size})"), ("units activation", "rnn({units})"),
    ],
    "lstm": [("input_size hidden_size num_layers", "lstm({hidden_size})"), ("units num_layers", "lstm({units})")],
    "gru": [("input_size hidden_size num_layers", "gru({hidden_size})"), ("units num_layers", "gru({units})")],
    "rnn": [("input_size hidden_size num_layers", "rnn({hidden_size})"), ("units num_layers", "rnn({units})")],
    "bilstm": [("units", "lstm({units}, bidirectional = true)")],
    "bigru": [("units", "gru({units}, bidirectional = true)")],
    "bidirectional": [("layer", "{layer} | bidirectional = true")],
    "embedding|embed": [
        ("input_dim output_dim", "embed({output_dim})"), ("num_embeddings embedding_dim", "embed({embedding_dim})"),
        ("embedding_dim", "embed({embedding_dim})"),
    ],
    "multiheadattention|selfattention|attention|mha": [
        ("embed_dim num_heads dropout bias", "attention({num_heads})"),
        ("num_heads key_dim", "attention({num_heads}, width = {key_dim})"),
        ("num_heads key_dim value_dim dropout", "attention({num_heads})"),
        ("heads", "attention({heads})"),
    ],
    "transformerencoderlayer|encoderlayer|transformerblock": [
        ("d_model nhead dim_feedforward=2048", "Encoder({nhead}, {dim_feedforward})"),
    ],
    "dropout": [("p inplace", "dropout({p})"), ("rate", "dropout({rate})")],
    "dropout2d|spatialdropout2d": [
        ("p inplace", "dropout({p}, maps)"), ("rate", "dropout({rate}, maps)"), ("p inplace", "dropout({p})"),
    ],
    "droppath|stochasticdepth": [("p", "droppath({p})"), ("drop_prob", "droppath({drop_prob})")],
    "batchnorm|batchnorm1d|batchnorm2d|batchnorm3d|batchnormalization": [("num_features momentum", "batchnorm")],
    "layernorm|layernormalization": [("normalized_shape", "layernorm"), ("normalized_shape", "layernorm(maps)")],
    "rmsnorm": [("normalized_shape", "rmsnorm"), ("normalized_shape", "rmsnorm(maps)")],
    "groupnorm|groupnormalization": [
        ("num_groups num_channels", "groupnorm({num_groups})"), ("groups", "groupnorm({groups})"),
    ],
    "leakyrelu|leaky": [
        ("negative_slope", "leaky({negative_slope})"), ("alpha", "leaky({alpha})"), ("slope=0.01", "leaky({slope})"),
    ],
    "softmax|logsoftmax": [("dim", "softmax"), ("axis", "softmax")],
    "activation": [("activation", "{activation}")],
    "view|reshape": [("batch rest", "flatten")],
    "flatten": [("start_dim end_dim", "flatten"), ("start_dim end_dim", "")],
    "rearrange": [("pattern", "flatten(space)"), ("pattern", "flatten"), ("pattern", "transpose")],
    "permute|transpose|swapaxes": [("a b c d", "transpose")],
    "upsample|upsampling2d|interpolate": [
        ("scale_factor mode", "upsample({scale_factor})"), ("size", "upsample({size})"),
        ("size scale_factor", "upsample({scale_factor})"),
    ],
    "zeropadding2d|zeropad2d": [("padding", "pad({padding})")],
    "pixelshuffle": [("factor", "unpatches({factor:2})")],
    "pixelunshuffle": [("factor", "patches({factor:2})")],
    "layerscale": [("init", "gain(init = {init})"), ("dim init", "gain(init = {init})")],
    "swiglu": [("m", "SwiGLU({m})")],
    "add|sum|plus": [("a b c d", "{a} + {b} + {c} + {d}"), ("a b c", "{a} + {b} + {c}"), ("a b", "{a} + {b}")],
    "multiply|mul|times": [("a b c", "{a}*{b}*{c}"), ("a b", "{a}*{b}")],
    "subtract|sub|minus": [("a b", "{a} - {b}")],
    "concat|concatenate|cat|hstack": [
        ("list dim", "{list:&}"), ("a b c d", "{a} & {b} & {c} & {d}"), ("a b c", "{a} & {b} & {c}"),
        ("a b", "{a} & {b}"),
    ],
    "einsum|bmm|dot": [("pattern a b", "{a}, {b} -> matmul"), ("a b", "{a}, {b} -> matmul")],
    "sequential": [("*", "{steps}")], "timedistributed": [("layer", "{layer}")],
    "residual|skip": [("layer", "x + (x -> {layer})")],
}  # fmt: skip
# parameters that say what a call reads, which a spec never says
READ: Final = frozenset([key for key, hint in OPTIONS_SAID.items() if hint in ("inputs", "role", "order")]) | frozenset(
    "d_model embed_dim num_features num_channels num_embeddings normalized_shape vocab_size mask_token_id".split()
)
NUMBERS: Final = frozenset(re.findall(r"=(\d+)", " ".join(form for forms in CALLS.values() for form, _ in forms))) | {
    "10"
}
_FORMS: Final = {name: forms for names, forms in CALLS.items() for name in names.split("|")}


def called(name: str) -> str | None:
    """Return how a step of another library is written here, "" if that depends on its arguments; None if it is none."""
    folded = fold(name.rpartition(".")[2])
    if name.islower() and "." not in name and not name[-1:].isdigit() and folded not in STEPS:
        return None  # `sum(…` is a step of netspec, too
    return STEPS.get(folded, "" if folded in _FORMS else None)


# parameters of other libraries that are options here, besides those of OPTIONS
_TAKEN: Final = frozenset(
    "stride pad dilation groups bias layers bidirectional dropout causal eps momentum init mode".split()
)
# names that libraries give to the same parameter
_SAME: Final = (
    "features units filters out_features n num_units neurons",
    "kernel kernel_shape kernel_size pool_size window_shape ksize", "pads padding",
    "dilations dilation", "rate p ratio prob drop_rate",
)  # fmt: skip
_OPTIONS_READ: Final = {*OPTIONS, *OPTIONS_SAID, *ACTIVATION_OPTIONS, *READ, *_TAKEN, *" ".join(_SAME).split()}
_USUAL: Final = {("stride", "1"), ("pad", "0"), ("dilation", "1"), ("groups", "1"), ("bias", "true"), ("layers", "1"),
                 ("pad", "valid"), ("bidirectional", "false"), ("dropout", "0"), ("dropout", "0.0"),
                 ("causal", "false"), ("mode", "nearest")}  # fmt: skip


class _Argument(str):
    """The value of an argument as netspec writes it; `:2` makes a grid of a single number, `:&` joins a list."""

    parts: tuple[str, ...] = ()

    def __format__(self, spec: str) -> str:
        if spec == "&":
            return " & ".join(self.parts or (self,))
        if spec and self.isdigit():
            return "x".join([str(self)] * int(spec))
        return str(self)


# modules of other libraries, in front of the names of steps
_MODULES: Final = frozenset(
    "nn F torch tf keras layers np jnp jax lax linen nnx flax functional math ops numpy tensorflow self hk eqx".split()
)
_NOUN_OPTIONS: Final = re.compile(
    r"(?P<head>[^(){}]*\b(?:perceptrons?|filters?\s+\w+(?:\s*x\s*\w+)*))\s*(?P<options>\(.*\))$", re.DOTALL
)
_NOTHING: Final = frozenset("unsqueeze contiguous detach clone cuda cpu float double half to".split())  # methods
_PRODUCTS: Final = frozenset("dot matmul mm bmm einsum matvec mv addmm tensordot".split())
_MATRIX: Final = re.compile(r"(?:[WwUVΘθ]|[Ww]eights?|kernel|theta|self\.\w*)\w{0,2}(?:\.T|\.t\(\))?")


def translated(written: str, steps: Collection[str], maps: str = "", loose: bool = True) -> list[str]:
    """Return what an expression of another library may mean, the likeliest first; [] if it is none.

    Args:
        written: a step of a chain, such as `nn.Conv2d(3, 16, 3)`, `F.relu(fc(x))`, `W @ x + b`.
        steps: the names of the steps of netspec.
        maps: how many maps flow in, where that is known.
        loose: whether calls of steps that netspec has are read, too.

    Example:
        >>> translated("nn.Linear(4, 10)", ())
        ['10 perceptrons']
    """
    if len(written) > 500 or (not loose and re.split(r"[\s(\[{]", written.lstrip("( "), maxsplit=1)[0] in steps):
        return []
    noun = _NOUN_OPTIONS.match(written)
    if noun is not None:  # 8 filters 3x3 (padding = "same", activation = relu)
        written = f"_{noun['options']}"
    if re.search(r"[(@*]", written) is None:  # a step without parentheses
        return [STEPS[fold(written)]] if written not in steps and fold(written) in STEPS else []
    written = re.sub(r"\b(in|out)(?=\s*[:=])", r"\1_features", written)
    python = re.sub(r"([(,]\s*[^\W\d]\w*)\s*:(?!=)", r"\1=", re.sub(r"\b(\d+)x(\d+)\b", r"(\1, \2)", written))
    try:
        with warnings.catch_warnings():  # of what a spec means otherwise, such as `3in`
            warnings.simplefilter("ignore", SyntaxWarning)
            expression = ast.parse(python, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    if noun is not None and isinstance(expression, ast.Call):
        named = {word.arg or "": _value(word.value, steps, maps) for word in expression.keywords}
        made = _filled([], noun["head"], [], named, maps)
        known = all(word in _OPTIONS_READ for word in named)
        return [made] if made is not None and named and known and not expression.args else []
    return list(dict.fromkeys(_read(expression, steps, maps)))


def _read(expression: ast.expr, steps: Collection[str], maps: str) -> Iterator[str]:
    """What an expression of Python may mean: a chain, from the layer that it reads to its last step."""
    layer = _multiplied(expression)
    if layer is not None:
        yield f"{layer} -> 8 perceptrons"
    match expression:
        case ast.Call(func=ast.Call() as step, args=[operand, *others]) if all(  # Dense(8)(x), attention(x, x)
            ast.dump(other) == ast.dump(operand) for other in others
        ):
            before = _chain(operand, steps, maps)
            yield from (f"{before} -> {made}" for made in _read(step, steps, maps))
        case ast.Call(func=ast.Attribute(value=operand, attr=name)) if name in _NOTHING:
            yield _chain(operand, steps, maps)
        case ast.Call():
            yield from _called(expression, steps, maps)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            sides = [_chain(side, steps, maps) for side in (left, right)]
            yield " + ".join(f"({side})" if "->" in side else side for side in sides)


def _chain(expression: ast.expr, steps: Collection[str], maps: str) -> str:
    if isinstance(expression, ast.Call):
        return str(_value(expression, steps, maps))
    return next(_read(expression, steps, maps), "") or ast.unparse(expression)


def _multiplied(expression: ast.expr) -> str | None:
    """The layer that a trained matrix is multiplied with: x of `W @ x + b`, `jnp.dot(x, W)`, `W.dot(x) + b`."""
    match expression:
        case ast.BinOp(left=ast.expr() as product, op=ast.Add(), right=ast.Name(id=bias)) if bias[:1] in "bB":
            return _multiplied(product)
        case ast.Call(func=ast.Name(id="Add" | "add"), args=[product, ast.Name(id=bias)]) if bias[:1] in "bB":
            return _multiplied(product)
        case ast.BinOp(left=left, op=ast.MatMult(), right=right):
            pass
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if any(
            _MATRIX.fullmatch(ast.unparse(side)) for side in (left, right)
        ):
            pass
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[left, right]) if fold(name) in _PRODUCTS:
            pass
        case ast.Call(func=ast.Attribute(value=left, attr=name), args=[right]) if name in _PRODUCTS:
            pass
        case _:
            return None
    sides = [ast.unparse(side) for side in (left, right)]
    layers = [side for side in sides if _MATRIX.fullmatch(side) is None and side.isidentifier()]
    return layers[0] if len(layers) == 1 else None


def _called(call: ast.Call, steps: Collection[str], maps: str) -> Iterator[str]:
    path = ast.unparse(call.func)
    owner, _, name = path.rpartition(".")
    layer = [owner] if owner.isidentifier() and owner not in _MODULES else []
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):  # conv(x).relu()
        layer = [_chain(call.func.value, steps, maps)]
    values = [_value(value, steps, maps) for value in call.args]
    # a call in a call is read once: read twice, forty of them in each other would be read 2^40 times
    nested = [
        str(read) if isinstance(value, ast.Call) else _chain(value, steps, maps)
        for value, read in zip(call.args[:1], values, strict=False)
        if isinstance(value, ast.Call | ast.BinOp) and any(isinstance(part, ast.Name) for part in ast.walk(value))
    ]
    named = {word.arg or "": _value(word.value, steps, maps) for word in call.keywords}
    read = nested or [value for value in values[:1] if value.isidentifier()]
    # F.max_pool2d(x, 2): the first argument is what the step reads
    made = [f"{read[0]} -> {form}" for form in _forms(name, values[1:], named, maps) if read]
    made += [form for form in _forms(name, values, named, maps, bool(nested)) if form not in made]
    for form in made:
        yield from (f"{owner} -> {form}" for owner in layer)
        yield form
    plain = next((step for step in steps if fold(step) == fold(name)), STEPS.get(fold(name), ""))
    axes = next((named[word] for word in ("dim", "axis", "dims", "axes") if word in named), "")
    if plain and not made:
        for role in _AXES.get(axes, ()):
            yield from (f"{value} -> {plain}({role})" for value in [*layer, *read])
            yield f"{plain}({role})"
        yield from (f"{value} -> {plain}" for value in [*layer, *read])
        if nested:
            return
        options = [*values[:1], *(f"{key} = {value}" for key, value in named.items())]
        yield f"{plain}({', '.join(options)})" if options and "(" not in plain else plain
        yield f"{plain}({values[0]})" if values and "(" not in plain else plain
        yield plain


# axes of arrays (examples, maps, rows, columns), (examples, rows, columns, maps) and (examples, steps, maps)
_AXES: Final = {
    "1": ("time", "maps"), "2": ("maps",), "3": ("maps",), "-1": ("maps",), "-2": ("time",), "2x3": ("space",),
    "1x2": ("space",), "-2x-1": ("space",), "-1x-2": ("space",), "3x2": ("space",),
}  # fmt: skip


def _forms(
    name: str, values: list[_Argument], named: Mapping[str, _Argument], maps: str, nested: bool = False
) -> Iterator[str]:
    """What the ways of CALLS make of a call; if it is `nested`, only those that take steps or layers."""
    for parameters, way in _FORMS.get(name) or _FORMS.get(fold(name)) or ():
        if not nested or re.search(r"\{(?:layer|steps|list|a)\b", way):
            made = _filled(parameters.split(), way, values, named, maps)
            if made is not None:
                yield made


def _value(value: ast.expr, steps: Collection[str], maps: str) -> _Argument:
    """An argument in the words of netspec: `(3, 3)` as 3x3, `True` as true, `nn.ReLU()` as relu."""
    match value:
        case ast.Constant(value=bool() | None as flag):
            return _Argument(str(flag).lower())
        case ast.Constant(value=float() as number):
            return _Argument(f"{number:g}")
        case ast.Constant():
            return _Argument(value.value)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            made = [_value(part, steps, maps) for part in parts]
            found = _Argument(made[0] if len({*made}) == 1 and made[0].isdigit() else "x".join(made))
            found.parts = tuple(made)
            return found
        case ast.Call():
            return _Argument(next(_read(value, steps, maps), ast.unparse(value)))
    return _Argument(ast.unparse(value))


def _filled(
    parameters: list[str], way: str, values: list[_Argument], named: Mapping[str, _Argument], maps: str
) -> str | None:
    """What a way of CALLS gives for these arguments; None if they are not those of the call."""
    if parameters == ["*"]:
        return " -> ".join(values)
    names = [parameter.partition("=")[0] for parameter in parameters]
    given = {
        parameter.partition("=")[0]: _Argument(parameter.partition("=")[2])
        for parameter in parameters
        if "=" in parameter
    }
    if len(values) > len(names):
        return None
    given |= dict(zip(names, values, strict=False))
    for word, value in named.items():
        same = next((group.split() for group in _SAME if word in group.split()), [])
        given[word if word in names else next((name for name in same if name in names), word)] = value
    used = set(re.findall(r"\{(\w+)", way))
    try:
        head, _, rest = way.format_map(given | ({"maps": _Argument(maps)} if maps else {})).partition(" | ")
    except (KeyError, ValueError):
        return None
    options = [rest] if rest else []
    step = ""
    for parameter, value in given.items():
        if parameter in ACTIVATION_OPTIONS and parameter not in used:
            word = value.rpartition(".")[2].lower()
            step = f" -> {'identity' if word == 'linear' else word}"
        if parameter == "return_sequences" and value == "false":
            step += " -> last(time)"
        choices = [name for name in [parameter, *OPTIONS.get(parameter, "").split()] if name in _TAKEN]
        if parameter in used or not choices or (choices[-1], value) in _USUAL or value == "none":
            continue
        if choices[-1] == "init":
            value = _Argument(INITS.get(value.rpartition(".")[2].lower(), value))
        if choices[-1] in ("pad", "mode"):
            value = _Argument(WORDS.get(value.lower(), value.lower()) if choices[-1] == "mode" else value.lower())
        if choices[-1] == "pad" and value == "same" and "x" in head and _strided(given):
            value = _Argument(int(re.split(r"\D+", head.rpartition("x")[2])[0]) // 2)
        options.append(f"{choices[-1]} = {value}")
    if not options:
        return head + step
    joined = ", ".join(options)
    return (f"{head[:-1]}, {joined})" if head.endswith(")") else f"{head} ({joined})") + step


def _strided(given: Mapping[str, _Argument]) -> bool:
    return any(given.get(name, "1") not in ("1", "1x1") for name in ("stride", "strides"))


# ---- ways of writing: a pattern of a statement -> what netspec writes. A guess may stand here: it is shown only where
# the spec with it checks.

_NOUN: Final = "|".join(sorted(NOUNS, key=len, reverse=True))
WAYS: Final = (
    (r"\b0,(\d+)", r"0.\1"),
    (r"\b(adam|adamw|sgd|rmsprop|adagrad|nadam|radam|adamax)\(\s*(\d[\d.e-]*)\s*(?=[,)])", r"\1(lr = \2"),
    (r"^[\"'](input|hidden|output)\s+(\w+)[\"']\s*:\s*[\"'](.*?)[\"']\s*,?$", r"\1 \2: \3"),
    (r"\b(softmax|sigmoid|tanh|relu|gelu|silu)\((\d+)\)", r"\2 perceptrons -> \1"),
    (r"\bmax\(\s*0\s*,\s*([^()]+(?:\([^()]*\))?)\)", r"\1 -> relu"),
    (r"1\s*/\s*\(\s*1\s*\+\s*(?:exp|e\s*\^)\s*[({]?\s*-\s*\w+\s*[)}]?\s*\)", "sigmoid"),
    (r"\b(\d+x\d+)\s+filters?\s+(\d+)\b", r"\2 filters \1"),
    (r"\s*,\s*\\?(?:phi|varphi|sigma|f|g|act\w*)\s*[:=]\s*([^\W\d]\w*)", r" -> \1"),
    # LaTeX and signs
    (r"\\sigma\b|σ", "sigmoid"),
    (r"(\w+)\(([^\W\d]\w*)\)", r"\2 -> \1"), (r"(\w+)\((\d+\s+\w+)\)", r"\2 -> \1"),
    (r"([^\W\d]\w*?)[_^]?[({\[]\s*t\s*-\s*(\d+)\s*[)}\]]", r"\1[t-\2]"),
    (r"\b[WUVΘ](?:_?\w)?\s*[*@·]?\s*([^\W\d]\w*)\s*\+\s*b(?:_?\w)?\b", r"dot(W, \1)"),
    (r"\blearning_rate\s*=\s*", "lr = "),
    (r"\(\s*[\w.]+\.parameters\(\)\s*(?:,\s*|(?=\)))", "("),
    (r"(?:\btranspose\s*->\s*)?\breshape\(\s*\w+\s*@\s*([^()]+)\)", r"unflatten(\1)"),
    (r"\[\s*(?:t\s*\+\s*\d+|-\s*\d+)\s*\]", "[t-1]"),
    (r"\b(\w+)\[\s*:\s*,\s*-1\s*(?:,\s*:\s*)?\]", r"\1 -> last(time)"),
    (r"\b(\w+)\[\s*:\s*,\s*0\s*(?:,\s*:\s*)?\]", r"\1 -> first(time)"),
    (r"^\w+\.(?:add|append|add_module)\((?:[\"']\w+[\"'],\s*)?(.*)\)\s*$", r"z = \1"),
    (r"\bnew\s+(?=[A-Z])", ""), (r"(\d+)\s*개(?:의)?\s*", r"\1 "),
    (r"^(?:[-*•–]|\d+[.)]|[a-z]\))\s*(?=(?:input|hidden|output|let|start|require)\b)", ""),
    (r"\b(?:residual|skip|shortcut)\s*[({]\s*(.+?)\s*[)}]$", r"{before} + ({before} -> \1)"),
    (r"\s+(?:%|;|--|//|'|/\*|<!--)\s*([^\W\d].*?)\s*(?:\*/|-->)?$", r"  # \1"),
    # options
    (r"\bfilters?\s*\(\s*(?:kernel|kernel_size|size|k|ksize)\s*[=:]\s*(\w+x\w+)\s*\)", r"filters \1"),
    (r"\bfilters?\s*\(\s*(?:kernel|kernel_size|size|k|ksize)\s*[=:]\s*(\w+)\s*,\s*", r"filters \1x\1 ("),
    (r"\b(filters?\s+)(\d+)(?=\s*(?:\(|->|$))", r"\1\2x\2"),
    (r"\s*\(\s*\)", ""),
    (r"\b(?:kernel|kernel_size|pool_size|size)\s*=\s*(\d+)", r"\1x\1"),
    (r"\b(mean|max|sum|first|last|softmax|layernorm|rmsnorm|gain)\b(?!\s*\()", r"\1(time)"),
    (r"\b(mean|max|sum|softmax)\b(?!\s*\()", r"\1(space)"),
    (r"\b(layernorm|rmsnorm|softmax|gain)\b(?!\s*\()", r"\1(maps)"),
    # nouns
    (r"\s*[*×·]\s*(?=(?:perceptron|filter)s?\b)", " "), (r"(\d+)\s*x(?=\s*(?:->|\(|,|$))", r"\1x\1"),
    (rf"\b(?:{_NOUN}|perceptrons|perceptron|dense|linear|fc)\s*\(\s*(\w+)\s*\)", r"\1 perceptrons"),
    (rf"\b(?:{_NOUN}|perceptrons|perceptron|dense|linear|fc)\s+(\d+)(?:개|(?!\s*x|\w))", r"\1 perceptrons"),
    # chains
    (r"^(hidden|output)\s+(\w+)\s+(?:from|of|on|reads|<-)\s+(\w+)\s*:", r"\1 \2: \3 ->"),
    (r"\s*(?:;|,|\|>?|>>?|=>|\bwith|\band|\bthen|\bfollowed by|\s:)\s*(?=[^\W\d]\w*(?!\w|\s*=))", " -> "),
    (r":\s*\[([^\[\]]*)\]$", r": \1"),
    (r":\s*[\"']([^\"']+)[\"']\s*$", r": \1"), (r"\s*->\s*(?:output|out|loss)?\s*$", ""),
    # repeats
    (r"\brepeat\s*\(?\s*(\w+)\s*[):,x]?\s*([^{}\n]+?)\)?$", r"repeat \1 { \2 }"),
    (r"\bfor\s+\w+\s+in\s+(?:range\()?(\w+)\)?\s*:\s*([^{}]+)$", r"repeat \1 { \2 }"),
    (r"\b(\d+)\s*[*x×]?\s*(?=\{)", r"repeat \1 "), (r"\b(\d+)\s*[*x×]\s*\(([^()]*)\)", r"repeat \1 { \2 }"),
    (r"\{([^{}]*)\}\s*[*x×]\s*(\d+)", r"repeat \2 {\1}"),
    # types
    (r"(\w+) over (\w+)\s*@\s*([\w ]+)$", r"\1@\3 over \2"),
    (r"\bover\s+(?:time|seq|sequence|steps)\b", "over 10"),
    (r"(\d)\s+(?!perceptron|filter)[^\W\d]\w*$", r"\1"),
    # numbers, texts and settings
    (r"^(precision\s*=\s*)[\"']?(?:fp16|float16|half|amp|mixed\w*|bf16|16)[\"']?$", r"\1bfloat16"),
    (r"^(precision\s*=\s*)[\"']?(?:fp32|single|float|32)[\"']?$", r"\1float32"),
    (r"^(precision\s*=\s*)[\"']?(?:fp64|double|64)[\"']?$", r"\1float64"),
    (r"[\"'](\d+(?:\.\d+)?)[\"']", r"\1"), (r"=\s*(?:null|None|nil|NULL|nan)\b", "= 0"),
    (r"^width\s*=\s*(\d+)\s*$", r'width = "\1mm"'),
    (r"^(source\s*=\s*)load_(\w+)\(.*\)", r'\1sklearn("\2")'),
    (r"->\s*(?:\w*[mM]in_?[mM]ax\w*|scale)\s*(?:\([^()]*\))?$", "-> scale(0, 1)"),
    (r"^(source\s*=\s*)(?:mnist|MNIST|fashion_?mnist)\b.*", r'\1idx("train", test = "t10k")'),
    (r"\bdirection\s*=\s*(?:both|bi\w*|2)\b", "bidirectional = true"),
)  # fmt: skip
# patterns are read where they are first asked for: a net without a mistake needs none
LATEX: Final = (
    (r"\\d?frac\s*\{\s*(\w+)\s*\}\s*\{\s*(\w+)\s*\}", r"\1/\2"),
    (r"\\d?frac\s*\{([^{}]*)\}\s*\{\s*(\w+)\s*\}", r"(\1)/\2"), (r"\\sqrt\s*\{([^{}]*)\}", r"sqrt(\1)"),
    (r"\\x?(?:long)?(?:rightarrow|to|mapsto|Rightarrow)\b", "->"), (r"\$|\\[()\[\]]", ""),
    (r"\\mathbb\s*\{?\s*([A-Z])\s*\}?|\\R\b", "ℝ"), (r"\s*\\times\s*", "x"),
    (r"\(\s*\\cdot\s*\)", ""), (r"\\(?:cdot|odot|ast|circ|otimes)\b", "*"),
    (r"\\oplus\b", "+"), (r"\\(?:Vert|parallel|\|)", "&"),
    (r"\\(?:math\w+|text\w*|operatorname|boldsymbol|bm|vec|hat|tilde|bar)\s*\{\s*(\w+)\s*\}", r"\1"),
    (r"(?<![ℝR])[_^]\{\(?(\w+)\)?\}", r"_\1"), (r"\\sigma\b", "sigmoid"), (r"\\in\b", "∈"),
    (r"\\(?:[,;:! ]|q?quad\b)", " "),
    (r"\\left|\\right", ""), (r"\\(?=[A-Za-z])", ""), (r"(?<=\w)\s*->\s*(?=->)", " "),
)  # fmt: skip
# names that netspec proposes where a line has none
NAMES: Final = {
    "input": ("x", "u", "v"),
    "hidden": ("z", "h", "a"),
    "output": ("y", "s", "o"),
    "net": ("a", "first"),
    "block": ("A", "B"),
}

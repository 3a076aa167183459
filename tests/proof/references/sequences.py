"""Networks over time and generative ones: Elman, WaveNet's gates, a decoder that attends, VAE, DCGAN."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class CharRnn(nn.Module):
    """z_t = tanh(W [x_t, z_{t-1}] + b), one bias vector (Elman 1990)."""

    def __init__(self, vocabulary: int, hidden: int) -> None:
        super().__init__()
        self.vocabulary, self.hidden = vocabulary, hidden
        self.i2h = nn.Linear(vocabulary + hidden, hidden)
        self.h2o = nn.Linear(hidden, vocabulary)

    def forward(self, characters: Tensor) -> Tensor:
        x = functional.one_hot(characters, self.vocabulary).to(torch.get_default_dtype())
        z = torch.zeros(len(x), self.hidden)
        states = []
        for step in range(x.shape[1]):
            z = torch.tanh(self.i2h(torch.cat([x[:, step], z], dim=1)))
            states.append(z)
        return self.h2o(torch.stack(states, dim=1))


class Gate(nn.Module):
    """tanh times sigmoid of now and k steps ago, projected, plus what came in (van den Oord 2016)."""

    def __init__(self, maps: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.filter = nn.Linear(2 * maps, maps)
        self.gate = nn.Linear(2 * maps, maps)
        self.project = nn.Linear(maps, maps)

    def forward(self, x: Tensor) -> Tensor:
        past = functional.pad(x, (0, 0, self.dilation, 0))[:, : x.shape[1]]
        both = torch.cat([x, past], dim=2)
        return x + self.project(torch.tanh(self.filter(both)) * torch.sigmoid(self.gate(both)))


class WaveNet(nn.Module):
    """Dilations 1, 2, 4, 8 over one-hot samples."""

    def __init__(self, maps: int, levels: int = 256) -> None:
        super().__init__()
        self.levels = levels
        self.embed = nn.Linear(levels, maps)
        self.gates = nn.ModuleList(Gate(maps, dilation) for dilation in (1, 2, 4, 8))
        self.out = nn.Linear(maps, levels)

    def forward(self, samples: Tensor) -> Tensor:
        x = self.embed(functional.one_hot(samples, self.levels).to(torch.get_default_dtype()))
        for gate in self.gates:
            x = gate(x)
        return self.out(torch.relu(x))


class Seq2Seq(nn.Module):
    """A GRU encoder and an Elman decoder that looks at it by one head of attention (Bahdanau 2014, simplified)."""

    def __init__(self, source: int, target: int, d: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.source_embedding = nn.Embedding(source, d)
        self.encoder = nn.GRU(d, hidden, batch_first=True)
        self.target_embedding = nn.Embedding(target, d)
        self.cell = nn.Linear(d + 2 * hidden, hidden)
        self.query, self.key = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)
        self.value, self.out = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)
        self.generator = nn.Linear(2 * hidden, target)

    def forward(self, source: Tensor, target: Tensor, source_lengths: Tensor, target_lengths: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(
            self.source_embedding(source), source_lengths, batch_first=True, enforce_sorted=False
        )
        encoded, last = self.encoder(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(encoded, batch_first=True, total_length=source.shape[1])
        seen = torch.arange(source.shape[1]) < source_lengths[:, None]
        embedded = self.target_embedding(target)
        state, context = last[0], torch.zeros(len(source), self.hidden)
        results = []
        for step in range(target.shape[1]):
            state = torch.tanh(self.cell(torch.cat([embedded[:, step], context, state], dim=1)))
            scores = torch.einsum("bd,btd->bt", self.query(state), self.key(memory)) / self.hidden**0.5
            weights = torch.softmax(scores.masked_fill(~seen, -torch.inf), dim=1)
            context = self.out(torch.einsum("bt,btd->bd", weights, self.value(memory)))
            results.append(torch.cat([state, context], dim=1))
        return self.generator(torch.stack(results, dim=1))


class Vae(nn.Module):
    """A variational autoencoder of perceptrons (Kingma & Welling 2013)."""

    def __init__(self, d: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(d, hidden)
        self.fc21, self.fc22 = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.fc3, self.fc4 = nn.Linear(latent, hidden), nn.Linear(hidden, d)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = torch.relu(self.fc1(x))
        mu, logvar = self.fc21(h), self.fc22(h)
        z = mu
        if self.training:
            z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return torch.sigmoid(self.fc4(torch.relu(self.fc3(z)))), mu


class Generator(nn.Module):
    """DCGAN's generator (Radford 2015): noise to 64x64."""

    def __init__(self, latent: int, widths: tuple[int, ...] = (512, 256, 128, 64)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for position, (before, after) in enumerate(zip((latent, *widths), widths, strict=False)):
            stride, padding = (1, 0) if position == 0 else (2, 1)
            layers += [
                nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(True),
            ]
        layers += [nn.ConvTranspose2d(widths[-1], 3, 4, 2, 1, bias=False), nn.Tanh()]
        self.main = nn.Sequential(*layers)

    def forward(self, noise: Tensor) -> Tensor:
        return self.main(noise)


class Discriminator(nn.Module):
    """DCGAN's discriminator, without its sigmoid."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
        for maps in (64, 128, 256):
            layers += [
                nn.Conv2d(maps, 2 * maps, 4, 2, 1, bias=False),
                nn.BatchNorm2d(2 * maps),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        layers.append(nn.Conv2d(512, 1, 4, 1, 0, bias=False))
        self.main = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x)

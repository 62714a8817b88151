"""The classifier's network: small enough for 100 spots in a few milliseconds on one core."""

import torch
from torch import nn
from torch.nn import functional

WIDTHS = (16, 32, 48, 64, 64)
STRIDES = (2, 2, 2, 1, 1)


def block(inside: int, outside: int, stride: int) -> nn.Sequential:
    """Convolution, normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


class SpotNet(nn.Module):
    """Crops N x side x side x 4 bytes (BGR and mark) to one logit each: above 0 means occupied.

    Light is taken out first: each crop's colours are taken against its own brightness and, in part, its own contrast,
    as low contrast speaks for bare ground. The features are pooled twice: over the marked place and the whole crop.
    """

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        self.body = nn.Sequential(*(block(i, o, s) for i, o, s in zip((4, *WIDTHS[:-1]), WIDTHS, STRIDES, strict=True)))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(WIDTHS[-1] * 3, 1)

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One logit per crop, and the features (N x 192) that the head weighs."""
        features = self.features(crops)
        return self.head(self.dropout(features))[:, 0], features

    def features(self, crops: torch.Tensor) -> torch.Tensor:
        """What the body sees in each crop. Written for speed in ONNX: few passes over whole crops."""
        light = crops[:, ::2, ::2, :3].float()  # a quarter of the pixels tells brightness and contrast as well
        mean = light.mean(dim=(1, 2, 3), keepdim=True)
        spread = ((light - mean) ** 2).mean(dim=(1, 2, 3), keepdim=True).sqrt()
        gain = 1.0 / (mean * 0.25 + spread * 0.5 + 6.0)
        middle = torch.cat((mean, mean, mean, torch.full_like(mean, 127.5)), dim=1)
        gain = torch.cat((gain, gain, gain, torch.full_like(gain, 1 / 255.0)), dim=1)
        x = (crops.float().permute(0, 3, 1, 2) - middle) * gain
        weight = functional.avg_pool2d(x[:, 3:], 8) + 0.5
        x = self.body(x)
        weighed = x * weight
        marked = weighed.sum(dim=(2, 3)) / (weight.sum(dim=(2, 3)) + 0.5)
        return torch.cat((x.mean(dim=(2, 3)), marked, weighed.amax(dim=(2, 3))), dim=1)

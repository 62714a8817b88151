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

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """One logit per crop."""
        x = crops.float().permute(0, 3, 1, 2)
        colours, mark = x[:, :3], x[:, 3:] / 255.0
        some = colours[:, :, ::2, ::2]  # a quarter of the pixels tells brightness and contrast as well
        mean = some.mean(dim=(1, 2, 3), keepdim=True)
        spread = ((some - mean) ** 2).mean(dim=(1, 2, 3), keepdim=True).sqrt()
        colours = (colours - mean) / (mean * 0.25 + spread * 0.5 + 6.0)
        x = self.body(torch.cat((colours, mark - 0.5), dim=1))
        weight = functional.avg_pool2d(mark, 8)
        marked = (x * weight).sum(dim=(2, 3)) / (weight.sum(dim=(2, 3)) + 0.5)
        pooled = torch.cat((x.mean(dim=(2, 3)), marked, (x * weight).amax(dim=(2, 3))), dim=1)
        return self.head(self.dropout(pooled))[:, 0]

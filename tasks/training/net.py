"""The classifier's network: small enough for 100 spots in a few milliseconds on one core."""

import torch
import torch.nn.functional as F
from torch import nn


def block(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    """Convolution, normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


class SpotNet(nn.Module):
    """Crops x side x side x 4 bytes (BGR and mark) to one logit each: above 0 means occupied.

    Light is taken out first: each crop's colours are taken against its own mean brightness, so that low contrast stays
    low. The features are pooled twice: over the marked place and over the whole crop.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (16, 32, 48, 64, 64),
        dropout: float = 0.2,
        norm: str = "both",
        pool: str = "mark",
    ) -> None:
        super().__init__()
        strides = (2, 2, 2, 1, 1)
        inside = (4, *widths)
        self.norm, self.pool = norm, pool
        self.body = nn.Sequential(*(block(i, o, s) for i, o, s in zip(inside, widths, strides, strict=False)))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(widths[-1] * (3 if pool == "mark" else 2), 1)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """One logit per crop."""
        x = crops.float().permute(0, 3, 1, 2)
        colours, mark = x[:, :3], x[:, 3:] / 255.0
        mean = colours.mean(dim=(1, 2, 3), keepdim=True)
        if self.norm == "mean":
            colours = (colours - mean) / (mean * 0.5 + 12.0)
        elif self.norm == "both":
            spread = ((colours - mean) ** 2).mean(dim=(1, 2, 3), keepdim=True).sqrt()
            colours = (colours - mean) / (mean * 0.25 + 6.0 + spread * 0.5)
        else:
            spread = ((colours - mean) ** 2).mean(dim=(1, 2, 3), keepdim=True).sqrt() + 8.0
            colours = (colours - mean) / spread
        x = self.body(torch.cat((colours, mark - 0.5), dim=1))
        whole = x.mean(dim=(2, 3))
        if self.pool == "mark":
            weight = F.avg_pool2d(mark, 8)
            marked = (x * weight).sum(dim=(2, 3)) / (weight.sum(dim=(2, 3)) + 0.5)
            pooled = torch.cat((whole, marked, (x * weight).amax(dim=(2, 3))), dim=1)
        else:
            pooled = torch.cat((whole, x.amax(dim=(2, 3))), dim=1)
        return self.head(self.dropout(pooled))[:, 0]

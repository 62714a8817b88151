"""One vehicle under way: where it is on its way, whom it waits for, and how others see it."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from camera_node.simulator.routes import Leg, Place
from camera_node.simulator.vehicles import Vehicle


@dataclass(frozen=True, slots=True)
class Seen:
    """One vehicle at one instant: its middle, heading (radians), and what its lamps do. ``bay`` while it is parked."""

    vehicle: Vehicle
    x: float
    y: float
    heading: float
    bay: str | None
    lit: bool
    braking: bool
    reversing: bool

    @property
    def corners(self) -> NDArray[np.float64]:
        """The footprint's corners (4 x 2)."""
        half = np.array([self.vehicle.size.length, self.vehicle.size.width]) / 2
        ahead = np.array([np.cos(self.heading), np.sin(self.heading)])
        aside = np.array([-ahead[1], ahead[0]])
        signs = ((1, 1), (1, -1), (-1, -1), (-1, 1))
        return np.array([(self.x, self.y) + a * half[0] * ahead + b * half[1] * aside for a, b in signs])


@dataclass(slots=True, eq=False)
class Driver:
    """A vehicle with the legs it still has to drive; ``s_m`` metres along the first of them."""

    vehicle: Vehicle
    place: Place | None
    legs: list[Leg]
    s_m: float = 0.0
    speed: float = 0.0
    wait_s: float = 0.0
    blocked_s: float = 0.0
    behind: "Driver | None" = None
    pushing_s: float = 0.0
    braking: bool = False
    leaving: bool = False
    leave_at_s: float = field(default=0.0)

    @property
    def rear(self) -> float:
        """Distance from the middle of the body to the rear axle, metres."""
        return self.vehicle.size.rear

    def pose(self, ahead_m: float = 0.0) -> tuple[float, float, float]:
        """Where the middle of the body is, ``ahead_m`` further along the way."""
        x, y, heading = self.legs[0].pose(self.s_m + ahead_m)
        return x + self.rear * math.cos(heading), y + self.rear * math.sin(heading), heading

    def claims(self) -> list[tuple[float, float, float]]:
        """Where the others had better not be: where it is, and where it is about to drive backwards to."""
        found = [self.pose()]
        leg = self.legs[0]
        if leg.reverse and self.leaving:
            found += [self.pose(leg.length_m), self.pose((leg.length_m - self.s_m) / 2)]
        elif leg.reverse:
            found.append(self.pose((leg.length_m - self.s_m) / 2))
        elif len(self.legs) > 1 and self.legs[1].reverse and leg.length_m - self.s_m < 14:
            x, y, heading = self.legs[1].pose(self.legs[1].length_m * 0.45)
            found.append((x + self.rear * math.cos(heading), y + self.rear * math.sin(heading), heading))
        return found


def waits_for_itself(driver: Driver) -> bool:
    """Say whether a ring of drivers waits for each other and this one is the first of it."""
    ring = [driver]
    while (following := ring[-1].behind) is not None and len(ring) < 12:
        if following is driver:
            return driver.vehicle.number == min(member.vehicle.number for member in ring)
        ring.append(following)
    return False


def straightness(leg: Leg, s_m: float) -> float:
    """Return 1 on the straight, less in a bend: how fast a driver dares to go, as a share."""
    here, there = leg.pose(s_m)[2], leg.pose(min(s_m + 2.5, leg.length_m))[2]
    return max(0.15, 1 - abs(there - here) / 1.2)

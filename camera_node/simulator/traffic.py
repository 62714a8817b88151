"""Who is in the car park: vehicles that arrive, look for their bay, stay and leave, the same for the same seed.

Nothing here draws; the renderer is given ``Seen`` vehicles. Times in simulated seconds, distances in metres.
"""

import math

import numpy as np

from camera_node.simulator.driver import Driver, Seen, straightness, waits_for_itself
from camera_node.simulator.plan import BAYS, ENTRANCE_X, UNIT_M, Bay
from camera_node.simulator.routes import Place, way_in, way_out, way_through
from camera_node.simulator.vehicles import Vehicle, build_vehicle

SUBSTEP_S = 0.2
CRUISE_M_S, SLOW_M_S = 4.6, 1.7
SPEED_UP_M_S2, BRAKE_M_S2 = 1.8, 3.5
MOVING_MAX = 9
GAP_MEAN_S = 6.5
PATIENCE_S = 2.5
PATIENCE_MAX_S = 30.0
"""Who waits for somebody who waits for him pushes through after the first; nobody waits longer than the second."""
ENTRANCE_M, LINE_M = ENTRANCE_X * UNIT_M, -258 * UNIT_M
JUNCTION_M = (12 * UNIT_M, 102 * UNIT_M, -248 * UNIT_M, -165 * UNIT_M)
"""Where those have the right of way who come round to the exit: x from, x to, y from, y to."""
GEAR_S = 1.0
"""How long a driver takes to change direction."""


class World:
    """The car park's traffic. ``step`` moves it on; ``seen`` and ``truth`` look at it."""

    def __init__(self, seed: int = 1, *, occupancy: float = 0.62, warm_up_s: float = 75.0) -> None:
        """``occupancy`` is what the filling wanders around (it stays between 0.4 and 0.85 of the bays)."""
        self._rng = np.random.default_rng(seed)
        self._occupancy = occupancy
        self._phase = float(self._rng.uniform(0, 6.28))
        self._count = 0
        self.now_s = 0.0
        self._moving: list[Driver] = []
        self._parked: dict[str, Driver] = {}
        self._next_in_s = self._next_out_s = 1.0
        for bay in BAYS:
            share = 0.4 if bay.kind == "disabled" else occupancy
            if self._rng.random() < share:
                self._park_at_once(bay)
        self.step(warm_up_s)
        self.now_s = 0.0
        self._next_in_s -= warm_up_s
        self._next_out_s -= warm_up_s

    def step(self, dt_s: float) -> None:
        """Move on by ``dt_s`` simulated seconds."""
        left_s = dt_s
        while left_s > 1e-9:
            slice_s = min(SUBSTEP_S, left_s)
            left_s -= slice_s
            self.now_s += slice_s
            self._start_trips()
            for driver in list(self._moving):
                self._drive(driver, slice_s)

    def seen(self) -> list[Seen]:
        """Return every vehicle, parked ones first."""
        parked = [self._look(driver, name) for name, driver in self._parked.items()]
        return parked + [self._look(driver, None) for driver in self._moving]

    def target(self) -> float:
        """Return the share of bays the traffic tends to at present."""
        swing = 0.17 * np.sin(self.now_s / 210 + self._phase) + 0.06 * np.sin(self.now_s / 47 + 2 * self._phase)
        return float(np.clip(self._occupancy + swing, 0.42, 0.83))

    def _look(self, driver: Driver, bay: str | None) -> Seen:
        x, y, heading = driver.pose()
        leg = driver.legs[0]
        lit = bay is None
        return Seen(driver.vehicle, x, y, heading, bay, lit, lit and driver.braking, lit and leg.reverse)

    def _place(self, bay: Bay) -> Place:
        simple = bay.kind != "moto" and bay.name not in ("D1", "D2", "C1", "C2", "C3", "D3", "D15", "D14", "A1", "A2")
        spread = self._rng.normal(0, 1, 3)
        aside, deep, askew = np.clip(spread, -2, 2) * (1.0, 1.4, 2.2)
        if bay.kind == "moto":
            return Place(bay, False, float(aside), 0.0, 0.0)
        return Place(bay, bool(simple and self._rng.random() < 0.22), float(aside), float(deep), float(askew))

    def _vehicle_for(self, bay: Bay) -> Vehicle:
        self._count += 1
        return build_vehicle(self._count, self._rng, "moto" if bay.kind == "moto" else None)

    def _park_at_once(self, bay: Bay) -> None:
        place = self._place(bay)
        vehicle = self._vehicle_for(bay)
        last = way_in(place, vehicle.size.rear)[-1]
        self._parked[bay.name] = Driver(vehicle, place, [last], s_m=last.length_m)

    def _start_trips(self) -> None:
        if self.now_s >= self._next_in_s:
            self._next_in_s = self.now_s + self._pause(self.target() - len(self._parked) / len(BAYS))
            self._arrive()
        if self.now_s >= self._next_out_s:
            self._next_out_s = self.now_s + self._pause(len(self._parked) / len(BAYS) - self.target())
            self._depart()

    def _pause(self, wish: float) -> float:
        """Return seconds to the next trip: shorter the more it is wished for."""
        return float(np.clip(self._rng.exponential(GAP_MEAN_S), 2.5, 20) * np.exp(-4 * wish))

    def _arrive(self) -> None:
        taken = set(self._parked) | {driver.place.bay.name for driver in self._moving if driver.place}
        free = [bay for bay in BAYS if bay.name not in taken]
        if len(self._moving) >= MOVING_MAX or len(free) < 10:
            return
        if self._rng.random() < 0.05:
            self._count += 1
            driver = Driver(build_vehicle(self._count, self._rng, "truck"), None, way_through())
        else:
            weights = np.array([0.35 if bay.kind == "disabled" else 1.0 for bay in free])
            bay = free[int(self._rng.choice(len(free), p=weights / weights.sum()))]
            place, vehicle = self._place(bay), self._vehicle_for(bay)
            driver = Driver(vehicle, place, way_in(place, vehicle.size.rear))
        x, y, _ = driver.pose()
        if all(np.hypot(other.pose()[0] - x, other.pose()[1] - y) > 9 for other in self._moving):
            driver.speed = CRUISE_M_S
            self._moving.append(driver)

    def _depart(self) -> None:
        ready = [name for name, driver in self._parked.items() if driver.leave_at_s <= self.now_s]
        if len(self._moving) >= MOVING_MAX or len(ready) < 20:
            return
        name = ready[int(self._rng.integers(len(ready)))]
        driver = self._parked[name]
        if driver.place is None:
            return
        legs = way_out(driver.place, driver.rear)
        x, y, _ = legs[0].pose(legs[0].length_m)
        if any(np.hypot(other.pose()[0] - x, other.pose()[1] - y) < 9.5 for other in self._moving):
            return  # somebody is passing: a careful driver waits
        del self._parked[name]
        driver.legs, driver.s_m, driver.speed, driver.wait_s, driver.leaving = legs, 0.0, 0.0, 1.5, True
        self._moving.append(driver)

    def _drive(self, driver: Driver, dt_s: float) -> None:
        if driver.wait_s > 0:
            driver.wait_s -= dt_s
            driver.speed = 0.0
            return
        leg = driver.legs[0]
        left_m = leg.length_m - driver.s_m
        wish = SLOW_M_S if leg.slow else CRUISE_M_S
        halts = len(driver.legs) == 1 and not driver.leaving and driver.place is not None
        changes_gear = len(driver.legs) > 1 and driver.legs[1].reverse != leg.reverse
        if halts or changes_gear:
            wish = min(wish, 0.25 + math.sqrt(1.4 * max(0.0, left_m)))
        elif len(driver.legs) > 1 and driver.legs[1].slow:
            wish = min(wish, SLOW_M_S + math.sqrt(2.0 * max(0.0, left_m)))
        wish = min(wish, 0.8 + 11 * straightness(leg, driver.s_m))
        driver.pushing_s = max(0.0, driver.pushing_s - dt_s)
        driver.behind = None if driver.pushing_s else self._ahead_of(driver)
        if driver.behind is None and not driver.pushing_s:
            driver.behind = self._gives_way_to(driver)
        if driver.behind is None:
            driver.blocked_s = 0.0
        else:
            driver.blocked_s += dt_s
            wish = 0.0
            if driver.blocked_s > PATIENCE_S and (waits_for_itself(driver) or driver.blocked_s > PATIENCE_MAX_S):
                driver.pushing_s, driver.blocked_s = 3.0, 0.0
        faster, slower = driver.speed + SPEED_UP_M_S2 * dt_s, driver.speed - BRAKE_M_S2 * dt_s
        driver.braking = wish < driver.speed - 0.3 or wish == 0.0
        driver.speed = min(max(wish, 0.0, slower), faster)
        driver.s_m += driver.speed * dt_s
        if driver.s_m >= leg.length_m - 0.03:
            self._next_leg(driver)

    def _next_leg(self, driver: Driver) -> None:
        if len(driver.legs) > 1:
            done = driver.legs.pop(0)
            driver.s_m = 0.0
            if done.reverse != driver.legs[0].reverse:
                driver.speed, driver.wait_s = 0.0, GEAR_S
            return
        self._moving.remove(driver)
        if driver.place is not None and not driver.leaving:
            driver.s_m, driver.speed = driver.legs[0].length_m, 0.0
            driver.leave_at_s = self.now_s + float(self._rng.uniform(40, 90))
            self._parked[driver.place.bay.name] = driver

    def _gives_way_to(self, driver: Driver) -> "Driver | None":
        """Return whom a driver who comes in lets pass at the line behind the entrance, None elsewhere."""
        x, y, heading = driver.pose()
        front = y + driver.vehicle.size.length / 2
        if (
            driver.leaving
            or abs(x - ENTRANCE_M) > 1.2
            or math.sin(heading) < 0.9
            or not LINE_M - 1.5 < front < LINE_M + 0.6
        ):
            return None
        for other in self._moving:
            at_x, at_y, _ = other.pose()
            crossing = other.leaving or other.place is None or other.s_m > 60
            if (
                other is not driver
                and crossing
                and JUNCTION_M[0] < at_x < JUNCTION_M[1]
                and JUNCTION_M[2] < at_y < JUNCTION_M[3]
            ):
                return other
        return None

    def _ahead_of(self, driver: Driver) -> "Driver | None":
        """Return the moving vehicle that stands in the way ahead, None when the way is clear."""
        leg = driver.legs[0]
        if driver.leaving and leg.reverse and leg.slow and driver.s_m > 1.0:
            return None  # half out of a bay one goes on: the others see it and wait
        here_x, here_y, _ = driver.pose()
        bodies: list[tuple[float, float, Driver]] = []
        for other in self._moving:
            if other is driver:
                continue
            arm = other.vehicle.size.length / 2 - 0.7
            for x, y, heading in other.claims():
                if abs(x - here_x) + abs(y - here_y) < 16:
                    along = [(k * arm * math.cos(heading), k * arm * math.sin(heading)) for k in (-1.0, 0.0, 1.0)]
                    bodies += [(x + dx, y + dy, other) for dx, dy in along]
        if not bodies:
            return None
        reach = driver.vehicle.size.length / 2 + 1.2 + driver.speed**2 / (2 * BRAKE_M_S2) + driver.speed * 0.4
        left_m = max(0.0, leg.length_m - driver.s_m)
        way = -1.0 if leg.reverse else 1.0
        for n in range(int(reach / 0.7) + 1):
            ahead = 1.0 + 0.7 * n
            x, y, heading = driver.pose(min(ahead, left_m))
            extra = way * max(0.0, ahead - left_m)  # past the leg's end: straight on
            x, y = x + extra * math.cos(heading), y + extra * math.sin(heading)
            for body_x, body_y, other in bodies:
                if (x - body_x) ** 2 + (y - body_y) ** 2 < 2.9:
                    return other
        return None

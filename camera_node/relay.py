"""The relay that opens a barrier: a Protocol, the Pi's own pins, and a stand-in for machines without any."""

import time
from collections.abc import Callable
from typing import Any, Protocol


class RelayError(Exception):
    """The relay cannot be used; the message says why."""


class Relay(Protocol):
    """A contact that can be closed for a moment."""

    def pulse(self, pulse_ms: int) -> None:
        """Close the contact for so long, then open it. Raises RelayError."""

    def close(self) -> None:
        """Leave the contact open and let go of it."""


class GpioRelay:
    """A relay at a pin of a Raspberry Pi, numbered as Broadcom does, by gpiozero."""

    def __init__(self, pin: int, *, active_low: bool = False) -> None:
        """Raises RelayError where there is no gpiozero or no such pin."""
        try:
            from gpiozero import OutputDevice
        except ImportError:
            raise RelayError(
                "gpiozero is not installed. On a Raspberry Pi: sudo apt install python3-gpiozero"
            ) from None
        try:
            self._device: Any = OutputDevice(pin, active_high=not active_low, initial_value=False)
        except Exception as error:
            # gpiozero raises errors of its own, of the pin's factory and of the system, without a common root.
            raise RelayError(f"Pin {pin} cannot be used: {error}.") from error

    def pulse(self, pulse_ms: int) -> None:
        """See `Relay`."""
        try:
            self._device.on()
            time.sleep(pulse_ms / 1000)
        finally:
            self._device.off()

    def close(self) -> None:
        """See `Relay`."""
        self._device.close()


class PretendRelay:
    """The stand-in: says what it would do. No barrier opens."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def pulse(self, pulse_ms: int) -> None:
        """See `Relay`."""
        self._tell(f"Pretending: the relay would close for {pulse_ms} ms.")

    def close(self) -> None:
        """See `Relay`."""

"""The thresholds of the rules, from the settings."""

from thirdeye.inventory.rules import Thresholds
from thirdeye.settings import Settings


def thresholds_of(settings: Settings) -> Thresholds:
    """The thresholds as the settings define them."""
    return Thresholds(**{name: getattr(settings, name) for name in Thresholds.__dataclass_fields__})

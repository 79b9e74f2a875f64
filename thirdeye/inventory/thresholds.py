"""From settings to what the rules take."""

from thirdeye.inventory.rules import Thresholds
from thirdeye.settings import Settings


def thresholds_of(settings: Settings) -> Thresholds:
    """The thresholds that the settings name."""
    return Thresholds(**{name: getattr(settings, name) for name in Thresholds.__dataclass_fields__})

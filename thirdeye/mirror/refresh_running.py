"""Why a refresh does not begin."""

from thirdeye.errors import Unavailable


class RefreshRunning(Unavailable):
    """Another process is refreshing; its run will do."""

    def __init__(self) -> None:
        super().__init__("another refresh is running")

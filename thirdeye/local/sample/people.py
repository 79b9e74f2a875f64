"""Users and teams: who owns what."""

from collections.abc import Iterator

from thirdeye.local.sample.naming import identifier
from thirdeye.local.sample.options import EstateOptions
from thirdeye.local.sample.records import HAS, OwnerRecord, RelationRecord, TeamRecord, UserRecord

FIRST_NAMES = ("ada", "björn", "chiara", "deniz", "eva", "felix", "grace", "haruki", "ines", "jun")
TEAM_NAMES = ("Data Platform", "Finance", "Growth", "Marketing", "Operations", "Research & Développement")


class People:
    """All users and teams of an estate; their number grows with the estate, to 2,000 and 200."""

    def __init__(self, options: EstateOptions) -> None:
        self._options = options
        self.users = [self._user(number) for number in range(max(8, min(2_000, options.tables // 30)))]
        self.teams = [self._team(number) for number in range(max(4, min(200, options.tables // 150)))]
        self._humans = [user for user in self.users[:50] if not user.is_bot and not user.deleted]

    def owners(self, number: int) -> tuple[OwnerRecord, ...]:
        """One owner, sometimes two (a person and a team), chosen by `number`."""
        user = OwnerRecord(self._humans[number % len(self._humans)].id, "user")
        team = OwnerRecord(self.teams[number % len(self.teams)].id, "team")
        return ((user,), (team,), (user, team))[(number + number // 3) % 3]

    def memberships(self) -> Iterator[RelationRecord]:
        """Who belongs to which teams: everybody to one, each third to two, some to a team that they left."""
        for number, user in enumerate(self.users):
            for step in range(1 + (number % 3 == 0)):
                team = self.teams[(number + step) % len(self.teams)]
                left = number % 17 == 4 and step == 0
                yield RelationRecord(team.id, user.id, "team", "user", HAS, left)

    def _user(self, number: int) -> UserRecord:
        is_bot = number % 8 == 7
        name = f"ingestion-bot-{number}" if is_bot else f"{FIRST_NAMES[number % len(FIRST_NAMES)]}.{number}"
        return UserRecord(
            id=identifier(self._options.seed, "user", number),
            name=name,
            email=f"user{number}@example.org",
            is_bot=is_bot,
            deleted=number % 29 == 5,
            updated_at_ms=self._options.moment_ms(100 + number % 300, number),
        )

    def _team(self, number: int) -> TeamRecord:
        round_number, choice = divmod(number, len(TEAM_NAMES))
        return TeamRecord(
            id=identifier(self._options.seed, "team", number),
            name=TEAM_NAMES[choice] + (f" {round_number + 1}" if round_number else ""),
            team_type="Group" if number % 2 else "Department",
            deleted=False,
            updated_at_ms=self._options.moment_ms(100 + number % 300, number),
        )

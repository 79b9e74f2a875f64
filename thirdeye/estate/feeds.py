"""What in OpenMetadata mends the usage feed of a database, in sentences. Pure."""

from thirdeye.estate.dates import format_day
from thirdeye.inventory.directory import DatabaseFeed, Service
from thirdeye.inventory.feeds import COVERAGE_DAYS, SILENT_DAYS, FeedProblem
from thirdeye.inventory.fqn import join_fqn


def feed_advice(feed: DatabaseFeed, service: Service) -> list[str]:
    """A sentence for each problem of the feed of a database, in their order: what is wrong, and what mends it."""
    return [_advice(FeedProblem(problem), feed, service) for problem in feed["problems"]]


def _advice(problem: FeedProblem, feed: DatabaseFeed, service: Service) -> str:
    agent = f"the usage agent of {service['name']}"
    name = join_fqn(part for part in (service["name"], feed["name"]) if part)
    match problem:
        case FeedProblem.NEVER_SEEN:
            return (
                f"OpenMetadata has never had usage of {name}: add a usage agent to {service['name']} if it has none, and "
                "check that the agent's filterCondition, or the databaseFilterPattern and schemaFilterPattern of the "
                "metadata agent, do not leave it out; if nobody reads it, say so with confirmFeed."
            )
        case FeedProblem.STOPPED:
            return (
                f"No usage of {name} has arrived since {format_day(feed['newest_watched'])}: check that {agent} still has "
                "a schedule, and why its last runs failed or found nothing."
            )
        case FeedProblem.SILENT:
            return (
                f"All tables of {name} that were in use stopped within days of each other, as when a filter leaves them "
                f"out: check the filterCondition of {agent}, and the databaseFilterPattern and schemaFilterPattern of the "
                "metadata agent; if they are not used any more, say so with confirmFeed."
            )
        case FeedProblem.FADED:
            return (
                f"{name} has had no usage for more than {SILENT_DAYS} watched days: check that the filterCondition of "
                f"{agent} does not leave it out; if it is not used any more, say so with confirmFeed."
            )
        case FeedProblem.PARTIAL:
            return (
                f"Only {feed['coverage']:.0%} of the last {COVERAGE_DAYS} days of {name} were watched: set the schedule of "
                f"{agent} to daily, or its queryLogDuration (one day by default) to the days between two runs; if nothing "
                "is missing, say so with confirmFeed."
            )
        case FeedProblem.CEILING:
            return (
                f"On most days the usage of {service['name']} ends at almost the same number, as when there is more than is "
                f"read: raise the resultLimit (1,000 queries a day by default) of {agent}; if nothing is missing, say so "
                "with confirmFeed."
            )
        case FeedProblem.UNDATED:
            return (
                f"OpenMetadata's usage of {service['type'] or 'this service'} has no dates, and only a rise of a count "
                f"shows use: set the schedule of {agent} to daily, so that each rise has its day; nothing else mends this."
            )
        case FeedProblem.YOUNG:
            days = "1 watched day" if feed["observed_days"] == 1 else f"{feed['observed_days']:,} watched days"
            return (
                f"{name} has been observed for {days} only: wait, or let {agent} run once with a higher queryLogDuration, "
                "which reads older days of the query log."
            )

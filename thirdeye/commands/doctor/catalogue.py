"""Everything that `thirdeye doctor` can find: how bad it is, what it means, and the one thing to do. `docs/doctor.md` lists
it; a test compares the two.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """FAULT: something does not work, or is not safe. WARNING: it works, but less well than it could, or not for long."""

    FAULT = "FAULT"
    WARNING = "WARNING"


@dataclass(frozen=True)
class Entry:
    """One kind of finding. In `advice` and `meaning`, what is in braces stands for what was seen."""

    severity: Severity
    meaning: str
    advice: str


_F, _W = Severity.FAULT, Severity.WARNING
CATALOGUE: Final[dict[str, Entry]] = {
    # ---- settings
    "SETTINGS_INVALID": Entry(
        _F, "A setting has a value that is not allowed, so nothing starts.",
        "Correct what is named, in the environment or in `.env`; the list of settings says what is allowed."),
    "SETTING_IGNORED": Entry(
        _W, "A setting has no effect, because another one goes before it.", "Remove {ignored}, or remove {by}."),
    "SETTINGS_CONTRADICT": Entry(
        _W, "Two settings cannot both be meant.", "Change one of {first} and {second}: {why}."),
    "DEVELOPMENT_ENVIRONMENT": Entry(
        _W, "ENVIRONMENT=development relaxes what protects an installation.", "Set ENVIRONMENT=production."),
    "TOKENS_NOT_CHECKED": Entry(
        _F, "JWT_ENABLED=false: everybody who reaches ThirdEye is an administrator.", "Set JWT_ENABLED=true."),
    "WEAK_SECRET": Entry(
        _W, "A password or secret is empty, short, or one that comes with an example.",
        "Give {setting} a value of its own: `openssl rand -base64 24` prints one."),
    "AUDIENCES_EMPTY": Entry(
        _W, "JWT_AUDIENCES is empty, so every token that names an audience is refused.",
        "Set JWT_AUDIENCES to the audience that your identity provider writes into its tokens, or remove the setting."),
    # ---- versions
    "SERVER_UNSUPPORTED": Entry(
        _F, "The database server is older than MySQL 8.0.21 or MariaDB 10.11.", "Upgrade the database server."),
    "OPENMETADATA_UNSUPPORTED": Entry(
        _W, "OpenMetadata is older than 1.3, the oldest version whose database was read.", "Upgrade OpenMetadata."),
    "OPENMETADATA_NOT_ANSWERING": Entry(
        _W, "What OM_BASE_URL names does not answer as OpenMetadata, so links of the page lead nowhere.",
        "Set OM_BASE_URL to the address that people open OpenMetadata at."),
    # ---- the database server
    "SERVER_HOST_UNKNOWN": Entry(
        _F, "The name in OM_MYSQL_HOST belongs to no machine.", "Correct OM_MYSQL_HOST, or the name service of this machine."),
    "SERVER_UNREACHABLE": Entry(
        _F, "Nothing answers at OM_MYSQL_HOST and OM_MYSQL_PORT.",
        "See that the database server runs, listens on port {port} for this machine, and that no firewall is between."),
    "SERVER_READ_ONLY": Entry(
        _F, "The database server takes no writes, as a replica does.", "Set OM_MYSQL_HOST to the server that takes writes."),
    "SERVER_CONNECTIONS_TOO_FEW": Entry(
        _W, "The pools of one API and one worker may need more connections than the server allows in all.",
        "Raise `max_connections` of the server above {needed}, or lower OM_MYSQL_POOL_SIZE and THIRDEYE_MYSQL_POOL_SIZE."),
    "SERVER_PACKET_TOO_SMALL": Entry(
        _W, "`max_allowed_packet` of the server is below 16 MB, so that a refresh of a large estate may fail.",
        "Set `max_allowed_packet` of the server to 64M."),
    "SERVER_CLOCK_OFF": Entry(
        _W, "The clocks of the database server and of this machine differ by more than five seconds.",
        "Have both machines follow the same time servers (chrony or ntpd)."),
    # ---- OpenMetadata's schema and its account
    "OM_PASSWORD_WRONG": Entry(
        _F, "The server knows no such user, or the password is another.", "Correct OM_MYSQL_USER_RO or OM_MYSQL_PW_RO."),
    "OM_SCHEMA_MISSING": Entry(
        _F, "The password is right, but there is no such schema, or the account has no right in it.",
        "Correct OM_MYSQL_DB, or run what `thirdeye grants` prints as an administrator of the server."),
    "OM_SCHEMA_MOVED": Entry(
        _F, "OM_MYSQL_DB names a schema without tables of OpenMetadata; the account sees them in another.",
        "Set OM_MYSQL_DB={schema}."),
    "OM_ACCOUNT_MAY_WRITE": Entry(
        _F, "The account for reading has rights beyond reading.",
        "Take them away: `REVOKE {privileges} FROM {account}`, as an administrator of the server."),
    "OM_ACCOUNT_READS_SECRETS": Entry(
        _W, "The account for reading may read columns that hold secrets or samples of data.",
        "`REVOKE` its SELECT on whole tables, then run what `thirdeye grants` prints."),
    "OM_TABLES_UNREADABLE": Entry(
        _F, "OpenMetadata's tables cannot be read, so no refresh can run.",
        "As an administrator of the server: {grants}."),
    "OM_EVIDENCE_UNREADABLE": Entry(
        _F, "Part of what verdicts rest on cannot be read, so nothing is recommended.",
        "As an administrator of the server: {grants}."),
    "OM_PART_UNREADABLE": Entry(
        _W, "Part of OpenMetadata cannot be read, and what it would tell is unknown.",
        "As an administrator of the server: {grants}."),
    # ---- ThirdEye's schema and its account
    "THIRDEYE_PASSWORD_WRONG": Entry(
        _F, "The server knows no such user, or the password is another.",
        "Correct THIRDEYE_MYSQL_USER or THIRDEYE_MYSQL_PW."),
    "THIRDEYE_SCHEMA_MISSING": Entry(
        _F, "The password is right, but there is no such schema, or the account has no right in it.",
        "Run `thirdeye migrate`; if that may not create the schema, grant the account ALL PRIVILEGES on it first."),
    "THIRDEYE_ACCOUNT_LACKS_RIGHTS": Entry(
        _F, "The account of ThirdEye's schema lacks rights that migrations or refreshes need.",
        "As an administrator of the server: `GRANT {privileges} ON `{schema}`.* TO {account}`."),
    "THIRDEYE_ACCOUNT_HAS_MORE": Entry(
        _F, "The account of ThirdEye's schema has rights outside of it.",
        "Take them away: `REVOKE {privileges} FROM {account}`, as an administrator of the server."),
    "MIGRATIONS_PENDING": Entry(
        _F, "The schema lacks migrations of this version.", "Run `thirdeye migrate`."),
    "MIGRATION_HALF_APPLIED": Entry(
        _F, "A migration, or a rollback, ended before it was done.",
        "Run `thirdeye migrate` of this version again: it goes on where it stopped."),
    "SCHEMA_NEWER": Entry(
        _W, "A newer version of ThirdEye has migrated the schema.",
        "Upgrade this installation, or run `thirdeye migrate --rollback {count}` of the newer version."),
    "SCHEMA_TABLE_MISSING": Entry(
        _F, "Tables of the schema are gone although their migrations are noted as applied.",
        "Restore {tables} from a backup."),
    "SCHEMA_LARGE": Entry(
        _W, "The schema is larger than an estate of this size explains.",
        "See which table it is, and ask with these figures: {tables}."),
    "SCHEMA_GROWS": Entry(
        _W, "The schema grew by more than 1 GB in 30 days.", "Plan for the space; {table} grows fastest."),
    # ---- Redis
    "REDIS_UNREACHABLE": Entry(
        _F, "Nothing answers at REDIS_URL, so no worker runs and no score is computed.",
        "See that Redis runs and listens for this machine, or correct REDIS_URL."),
    "REDIS_PASSWORD_WRONG": Entry(
        _F, "Redis asks for another user or password.", "Correct the user and the password in REDIS_URL."),
    "REDIS_REFUSES_WRITES": Entry(
        _F, "Redis answers but takes no writes: full, a read-only replica, or a save that failed.",
        "Mend what Redis says, or set REDIS_URL to the server that takes writes."),
    "REDIS_EVICTS": Entry(
        _W, "Redis throws keys away when it is full, jobs of the worker among them.",
        "Set `maxmemory-policy noeviction` in Redis, or give ThirdEye a Redis of its own."),
    "REDIS_NEARLY_FULL": Entry(
        _W, "Redis uses more than 90 % of the memory that it may use.", "Raise `maxmemory` of Redis."),
    "REDIS_SAVE_FAILS": Entry(
        _W, "Redis is to keep its data on disk, and its last save failed; it may refuse writes soon.",
        "Free space in the folder that Redis saves to, and look at its log."),
    # ---- tokens
    "KEY_SET_UNREACHABLE": Entry(
        _F, "The key set that tokens are verified with cannot be fetched, so everybody is refused.",
        "Correct {setting}, or let this machine reach it."),
    "KEY_SET_REDIRECTS": Entry(
        _F, "The address of the key set redirects, and redirects are not followed.",
        "Set {setting} to where the key set itself is."),
    "KEY_SET_INVALID": Entry(
        _F, "What {setting} names is no key set.",
        "Set {setting} to a key set: of OpenMetadata that is /api/v1/system/config/jwks."),
    "KEY_SET_WITHOUT_KEY": Entry(
        _F, "The key set has no key that can verify a token.",
        "Give the provider of the tokens an RSA key of 2048 bits or more, or an EC key."),
    "KEY_ALGORITHM_MISMATCH": Entry(
        _F, "The keys are of another kind than the algorithms that are allowed, so every token is refused.",
        "Set {setting} to an algorithm of {kinds} keys."),
    "PUBLIC_KEY_UNUSABLE": Entry(
        _F, "JWT_PUBLIC_KEY is no key that may verify tokens, so nothing starts.",
        "Set JWT_JWKS_URL instead, or JWT_PUBLIC_KEY to the PEM text of the public key that signs your tokens."),
    "DEFAULT_KEY": Entry(
        _F, "The key is the one that ships with OpenMetadata: anybody can sign with it.",
        "Give OpenMetadata a key pair of its own (jwtTokenConfiguration in its configuration), and restart it."),
    "ISSUER_CLOCK_OFF": Entry(
        _F, "The clocks of this machine and of who issues the tokens differ by more than 30 seconds.",
        "Have both machines follow the same time servers (chrony or ntpd)."),
    "REVOCATION_UNREACHABLE": Entry(
        _F, "Whether a token was revoked cannot be asked.", "Correct {setting}, or let this machine reach it."),
    "REVOCATION_ADDRESS_WRONG": Entry(
        _F, "What is asked whether a token was revoked does not answer as OpenMetadata does.",
        "Set JWT_REVOCATION_URL to /api/v1/users/loggedInUser of OpenMetadata."),
    "AUDIENCE_REFUSED": Entry(
        _W, "Tokens with a valid signature were refused for their audience in the last 24 hours.",
        "Look at one with `thirdeye token check`, and add its audience to JWT_AUDIENCES if it is meant for ThirdEye."),
    "TOKEN_REFUSED": Entry(
        _F, "The token that was given is not accepted.",
        "Correct what stands in its way: {step}; `thirdeye token check` explains."),
    # ---- the worker and its work
    "WORKER_NOT_SEEN": Entry(
        _F, "No worker of this schema has reported to Redis, so nothing is refreshed.", "Start `thirdeye worker`."),
    "JOBS_WAIT": Entry(
        _W, "Jobs have been waiting in the queue for more than ten minutes.",
        "Look at the worker's log; restart it if it does nothing."),
    "NEVER_REFRESHED": Entry(
        _W, "The estate was never read.", "Start `thirdeye worker`, or run `thirdeye refresh`."),
    "REFRESH_FAILED": Entry(
        _F, "The last refresh failed.", "Mend what its error names, then run `thirdeye refresh`."),
    "REFRESH_LATE": Entry(
        _F, "The estate was last read more than two intervals ago.",
        "Look at the worker's log for `job_not_done` and `job_failed`."),
    "REFRESH_LEFT": Entry(
        _W, "A refresh began and never ended, and no process works on it.", "Run `thirdeye refresh`: it clears up and reads."),
    "REFRESH_SLOW": Entry(
        _W, "The last refresh took longer than the time between two.", "Set REFRESH_MINUTES to {minutes} or more."),
    "EVIDENCE_INCOMPLETE": Entry(
        _W, "The last refresh could not read all that verdicts rest on, so nothing new is recommended.",
        "Run what `thirdeye grants` prints, then `thirdeye refresh`."),
    "FEED_NEVER_SEEN": Entry(_W, "OpenMetadata has never had usage of a database.", "{advice}"),
    "FEED_STOPPED": Entry(_W, "Usage of a database no longer arrives.", "{advice}"),
    "FEED_SILENT": Entry(_W, "All tables of a database stopped being used within days of each other.", "{advice}"),
    "FEED_FADED": Entry(_W, "A database has had no usage for more than 30 watched days.", "{advice}"),
    "FEED_PARTIAL": Entry(_W, "Too few of the last 90 days of a database were watched.", "{advice}"),
    "FEED_CEILING": Entry(_W, "The usage of a service ends at almost the same number each day.", "{advice}"),
    # ---- the public address
    "ADDRESS_UNREACHABLE": Entry(
        _F, "Nothing answers at the public address.", "Correct --url, or let this machine reach it."),
    "ADDRESS_THIRDEYE_AWAY": Entry(
        _F, "The proxy does not reach ThirdEye.",
        "Start `thirdeye serve`, and let the proxy forward /api/v1/thirdeye/ to its host and port."),
    "ADDRESS_NOT_PROXIED": Entry(
        _F, "Something other than ThirdEye answers under /api/v1/thirdeye/.",
        "Let the proxy forward /api/v1/thirdeye/ to ThirdEye, with the path as it is."),
    "ADDRESS_SLOW": Entry(
        _W, "An answer that takes milliseconds took more than a second through the proxy.",
        "Look at the proxy for retries to an instance that is away."),
    "ADDRESS_EXPOSES_METRICS": Entry(
        _W, "Metrics of ThirdEye can be read through the public address.", "Let the proxy answer /metrics itself, with 404."),
    "ADDRESS_OPEN": Entry(
        _F, "Through the public address, questions are answered without a token.",
        "Take away the header Authorization that the proxy adds, or set JWT_ENABLED=true where ThirdEye runs."),
    "ADDRESS_DROPS_AUTHORIZATION": Entry(
        _F, "The proxy does not pass the header Authorization on as it was sent.",
        "Let the proxy pass Authorization on, once and unchanged."),
    "ADDRESS_REFUSES_TOKEN": Entry(
        _F, "A token that these settings accept is refused through the public address.",
        "Give the ThirdEye behind the proxy the same JWT_ settings as this one."),
    "ADDRESS_DROPS_OPERATION_ID": Entry(
        _F, "The proxy does not pass the header X-OM-Operation-Id on.", "Let the proxy pass X-OM-Operation-Id on."),
    "ADDRESS_DROPS_REQUEST_ID": Entry(
        _W, "The proxy does not pass the header X-Request-Id on, so its log and ThirdEye's cannot be brought together.",
        "Let the proxy pass X-Request-Id on."),
    "ADDRESS_CHANGES_HEADERS": Entry(
        _F, "The proxy changes or drops headers that ThirdEye needs.", "Let the proxy pass on, once and unchanged: {headers}."),
    "ADDRESS_REPEATS_WRITES": Entry(
        _F, "The proxy sends a mutation again when ThirdEye breaks off, so it may be done twice.",
        "Let the proxy send again only what has an Idempotency-Key, or what only asks."),
    "ADDRESS_REPEATS_AFTER_HANG": Entry(
        _W, "The proxy asks again when ThirdEye hangs, which doubles the wait and the work.",
        "Let the proxy ask again only where the connection failed."),
    "ADDRESS_GIVES_UP_EARLY": Entry(
        _W, "The proxy gives up before ThirdEye's slowest answers, of 4.5 seconds, can come.",
        "Set the proxy's read timeout to 5 seconds."),
    "ADDRESS_WAITS_LONG": Entry(
        _W, "The proxy waits for more than six seconds for a ThirdEye that hangs.",
        "Set the proxy's read timeout to 5 seconds."),
    "ADDRESS_HIDES_FAILURES": Entry(
        _W, "When ThirdEye breaks off, the proxy does not answer 503 in OpenMetadata's shape, which clients know.",
        "Let the proxy answer 503 with the JSON of an error of OpenMetadata: code, message and timestamp."),
}  # fmt: skip

"""Fake secrets, stored where OpenMetadata stores real ones: whatever reads the estate must never meet them."""

CONNECTION_PASSWORD = "sample-connection-password-9f2c"
CONNECTION_PRIVATE_KEY = "sample-private-key-41aa"
BOT_TOKEN = "sample-bot-token-77de"
PASSWORD_HASH = "sample-password-hash-c03b"
PERSONAL_NAME = "Sample Person Zaphod-5521"
PERSONAL_IBAN = "DE00SAMPLEIBAN0000665544"

SECRET_MARKERS: frozenset[str] = frozenset(
    {CONNECTION_PASSWORD, CONNECTION_PRIVATE_KEY, BOT_TOKEN, PASSWORD_HASH, PERSONAL_NAME, PERSONAL_IBAN}
)
"""Strings that occur nowhere in the estate but in columns that nobody may read."""

"""Commands of the `thirdeye` command, by what they are about."""

"""What collects facts. Each probe asks one part of the installation and hands what it saw to the rules."""

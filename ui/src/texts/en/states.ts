// What the page says when there is no answer yet, or none for now.
export const states = {
  askedAgain: { one: "It is asked again by itself within a second.", other: "It is asked again by itself within {count} seconds." },
  askNow: "Ask now",
  firstRun: "ThirdEye is reading OpenMetadata for the first time",
  firstRunNote:
    "It reads tables, their use and what depends on them, and works out what may go. That takes seconds to minutes; this page shows it by itself as soon as it is there.",
  noRunYet: "It has not begun yet, and does so within a minute. If it does not, ThirdEye's worker is not running.",
  runFailed: "The last attempt failed; ThirdEye tries again by itself.",
  rowsRead: { one: "one row read", other: "{count} rows read" },
  "phase.QUEUED": "Waiting for the worker",
  "phase.STARTING": "Beginning",
  "phase.TABLES": "Reading tables",
  "phase.RELATIONS": "Reading owners, domains and relations",
  "phase.TAGS": "Reading tags",
  "phase.PROFILES": "Reading sizes",
  "phase.USAGE": "Reading use",
  "phase.LINEAGE": "Reading lineage",
  "phase.RULES": "Working out verdicts",
  "phase.STAGING": "Storing",
  "phase.PUBLISHING": "Publishing",
  offline: "You are offline. What is shown is from before; the page goes on by itself as soon as there is a network.",
  outdated: "What is shown is from before:",
} as const;

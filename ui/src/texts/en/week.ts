// What the view "my week" says; keys begin with its name.
export const week = {
  week: "My week",
  "week.free": "Nothing is assigned to you, your teams or your tables.",
  "week.take": "Items that nobody has",
  "week.nothing": "Nothing.",
  "week.all": { one: "one in all", other: "{count} in all" },
  "week.recent": "Changed since your last visit",
  "week.alerted": "Called off: somebody read it, or it may no longer go",
  "week.due": "Due within seven days",
  "week.ending": "Waiting times that end within seven days",
  "week.assigned": "Assigned to me",
  "week.owned": "Of my teams and tables",
  "week.teams": "Your teams: {teams}",
} as const;

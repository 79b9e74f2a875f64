// What the view "report" says; keys begin with its name.
export const report = {
  report: "Report",
  "report.print": "Print it",
  "report.sums": "In one look",
  "report.stays": "Stays after that",
  "report.groups": "What becomes of unused tables, and what to do",
  "report.link": "Report to print",
} as const;

import type { Texts } from "..";
import type { report as english } from "../en/report";

export const report: Texts<typeof english> = {
  report: "Bericht",
  "report.print": "Drucken",
  "report.sums": "Auf einen Blick",
  "report.stays": "Bleibt danach",
  "report.groups": "Was aus ungenutzten Tabellen wird und was zu tun ist",
  "report.link": "Bericht zum Drucken",
};

import type { Texts } from "..";
import type { week as english } from "../en/week";

export const week: Texts<typeof english> = {
  week: "Meine Woche",
  "week.free": "Ihnen, Ihren Teams und Ihren Tabellen ist nichts zugewiesen.",
  "week.take": "Aufgaben, die niemand hat",
  "week.nothing": "Nichts.",
  "week.all": { one: "insgesamt eine", other: "insgesamt {count}" },
  "week.recent": "Geändert seit Ihrem letzten Besuch",
  "week.alerted": "Abgebrochen: Jemand hat sie gelesen, oder sie darf nicht mehr weg",
  "week.due": "Fällig in sieben Tagen",
  "week.ending": "Wartezeiten, die in sieben Tagen enden",
  "week.assigned": "Mir zugewiesen",
  "week.owned": "Meiner Teams und Tabellen",
  "week.teams": "Ihre Teams: {teams}",
};

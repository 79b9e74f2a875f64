import type { Texts } from "..";
import type { states as english } from "../en/states";

export const states: Texts<typeof english> = {
  askedAgain: {
    one: "In höchstens einer Sekunde wird von selbst noch einmal gefragt.",
    other: "In höchstens {count} Sekunden wird von selbst noch einmal gefragt.",
  },
  askNow: "Jetzt fragen",
  firstRun: "ThirdEye liest OpenMetadata zum ersten Mal",
  firstRunNote:
    "Es liest Tabellen, ihre Nutzung und was von ihnen abhängt, und berechnet, was weg kann. Das dauert Sekunden bis Minuten; diese Seite zeigt es von selbst, sobald es da ist.",
  noRunYet: "Das hat noch nicht begonnen und beginnt in höchstens einer Minute. Wenn nicht, läuft ThirdEyes Worker nicht.",
  runFailed: "Der letzte Versuch ist gescheitert; ThirdEye versucht es von selbst noch einmal.",
  rowsRead: { one: "eine Zeile gelesen", other: "{count} Zeilen gelesen" },
  "phase.QUEUED": "Wartet auf den Worker",
  "phase.STARTING": "Beginnt",
  "phase.TABLES": "Liest Tabellen",
  "phase.RELATIONS": "Liest Zuständigkeiten, Domänen und Beziehungen",
  "phase.TAGS": "Liest Tags",
  "phase.PROFILES": "Liest Größen",
  "phase.USAGE": "Liest die Nutzung",
  "phase.LINEAGE": "Liest die Herkunft",
  "phase.RULES": "Berechnet Empfehlungen",
  "phase.STAGING": "Speichert",
  "phase.PUBLISHING": "Veröffentlicht",
  offline: "Sie sind offline. Gezeigt wird, was vorher da war; die Seite macht von selbst weiter, sobald es ein Netz gibt.",
  outdated: "Gezeigt wird, was vorher da war:",
};

import type { Texts } from "..";
import type { overview as english } from "../en/overview";

export const overview: Texts<typeof english> = {
  emptyEstate: "OpenMetadata hat noch keine Tabellen. Sobald es welche hat, zeigt die nächste Aktualisierung sie hier.",
  score: "Punkte",
  pending: "noch keine",
  pendingNote: "Die erste Aktualisierung läuft.",
  ofHundred: "von 100",
  sinceBefore: "{delta} gegenüber vorher",
  costsAMonth: "Kosten im Monat",
  canGo: "Kann jetzt weg",
  canGoNote: "im Monat, wenn man den Empfehlungen folgt",
  blocked: "Blockiert",
  blockedNote: "im Monat, aus Gründen, die jemand beheben kann",
  saved: "Nachweislich gespart",
  savedNote: "von {projected}, die versprochen waren",
  scoreOverTime: "Punkte im Lauf der Zeit",
  noHistory: "Es gibt noch keinen Verlauf.",
  wasWrong: "Wie oft die Empfehlung falsch war",
  wasWrongNote: "{regrets} von {count} Tabellen wurden wieder gebraucht; der wahre Anteil liegt wohl zwischen {lower} und {upper}.",
  nothingFollowedYet: {
    one: "Das weiß noch niemand: Eine Empfehlung steht.",
    other: "Das weiß noch niemand: {count} Empfehlungen stehen.",
  },
  biggest: "Die größten Möglichkeiten",
  nothingToSave: "Zurzeit kann nichts weg.",
};

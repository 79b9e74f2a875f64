import type { Texts } from "..";
import type { trust as english } from "../en/trust";

export const trust: Texts<typeof english> = {
  trust: "Vertrauen",
  "trust.whatIf": "Was eine andere Richtlinie täte",
  "trust.whatIfNote":
    "Bewegen Sie einen Regler: Er wird am heutigen Bestand und am vergangenen Jahr ausprobiert. Damit wird nichts gesetzt.",
  "trust.deleteRisk": "Risiko, bei dem eine Tabelle gelöscht werden darf",
  "trust.archiveRisk": "Risiko, bei dem eine Tabelle archiviert werden darf",
  "trust.minimumIdleDays": "Ungenutzt seit mindestens",
  "trust.reviewCaredFor": "Prüfen, worum sich jemand kümmert",
  "trust.days": { one: "einem Tag", other: "{count} Tagen" },
  "trust.now": "jetzt {value}",
  "trust.asNow": "Wie es jetzt ist",
  "trust.would": {
    one: "Eine Tabelle würde gelöscht oder archiviert; das spart",
    other: "{count} Tabellen würden gelöscht oder archiviert; das spart",
  },
  "trust.aMonth": "im Monat.",
  "trust.differ": { one: "Eine bekäme eine andere Empfehlung als jetzt.", other: "{count} bekämen eine andere Empfehlung als jetzt." },
  "trust.verdicts": "Empfehlungen unter dieser Richtlinie",
  "trust.backTest": "Was sie an Fehlgriffen gekostet hätte",
  "trust.backTestNone": "Das kann niemand sagen: Von der Vergangenheit ist zu wenig bekannt.",
  "trust.backTestNote": {
    one: "An einem Tag ausprobiert, dem {first}, und an den 180 Tagen danach gemessen.",
    other: "An {count} Tagen seit {first} ausprobiert, jeder an den 180 Tagen danach gemessen.",
  },
  "trust.backTest.delete": {
    one: "Sie hätte eine gelöscht; wieder gebraucht: {regrets}.",
    other: "Sie hätte {count} gelöscht; wieder gebraucht: {regrets}.",
  },
  "trust.backTest.archive": {
    one: "Sie hätte eine archiviert; wieder gebraucht: {regrets}.",
    other: "Sie hätte {count} archiviert; wieder gebraucht: {regrets}.",
  },
  "trust.onlyAdmin": "Setzen können das Administratoren.",
  "trust.setIt": "Diese Richtlinie setzen",
  "trust.setNow": "Ja, für alle setzen",
  "trust.set": "Sie ist gesetzt, ab der nächsten Aktualisierung.",
  "trust.setBack": "Zurücksetzen",
  "trust.consequence":
    "Ab der nächsten Aktualisierung folgen ihr alle Empfehlungen: Aufgaben entstehen und enden danach. Sie lässt sich zurücksetzen.",
  "trust.quality": "Wie oft der Rat falsch war",
  "trust.classes": "Nach Art der Tabelle",
  "trust.class": "Art der Tabelle",
  "trust.off": "Mehr kamen zurück als vorhergesagt: Von dieser Art darf vorerst keine weg.",
  "trust.calibration": "Ob Risiken eingetreten sind",
  "trust.calibrationNote": "Von Tabellen, deren 180 Tage um sind: das erwartete Risiko und der Anteil, der wieder benutzt wurde.",
  "trust.calibrationNone": "Das kann noch niemand sagen: Keine Empfehlung hat 180 Tage gegolten.",
  "trust.risk": "Risiko",
  "trust.given": "Empfehlungen",
  "trust.regretted": "Wieder gebraucht",
  "trust.promised": "Erwartet",
  "trust.happened": "Anteil wieder gebraucht (95-%-Intervall)",
  "trust.history": "Bisherige Richtlinien",
  "trust.historyNone": "Es wurde nie eine gesetzt: Die der Einstellungen gilt.",
  "trust.protected": "Geschützt:",
};

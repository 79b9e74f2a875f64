// All that the page says, by language. A language is a file: `de.ts` has the keys of `en.ts`, or does not compile.
import { signal } from "@preact/signals";
import { de } from "./de";
import { en } from "./en";

export type Text = string | { one: string; other: string };
export type Key = keyof typeof en;
/** The texts of another language for the keys of an English file. */
export type Texts<English> = Record<keyof English, Text>;
export type Catalogue = Texts<typeof en>;

const catalogues: Record<string, Catalogue> = { en, de };
const KEY = "thirdeye-language";

function preferred(): string {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem(KEY);
  } catch {
    // Storage may be forbidden.
  }
  const wanted = [chosen, ...navigator.languages].map((each) => each?.slice(0, 2).toLowerCase() ?? "");
  return wanted.find((each) => each in catalogues) ?? "en";
}

export const language = signal(preferred());
export const languages = Object.keys(catalogues);

export function speak(chosen: string): void {
  language.value = chosen;
  document.documentElement.lang = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // It then holds for this visit.
  }
}

/** The text of a key; `{name}` stands for a value, and `count` chooses between one and many. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text = (catalogues[language.value] ?? en)[key];
  const chosen =
    typeof text === "string"
      ? text
      : text[new Intl.PluralRules(language.value).select(Number(values.count ?? 0)) === "one" ? "one" : "other"];
  return chosen.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? value.toLocaleString(language.value) : value;
  });
}

/** The text of a key that is made of a value from the server; null for a value that this page has no word for. */
export function textOf(key: string): string | null {
  return Object.hasOwn(en, key) ? t(key as Key) : null;
}

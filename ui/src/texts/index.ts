// All that the page says, by language. A language is a file: `de.ts` has the keys of `en.ts`, or does not compile.
import { de } from "./de";
import { en } from "./en";
import { numbers, plurals } from "./formatters";
import { type Language, language } from "./language";

export { language, languages, speak } from "./language";

export type Text = string | { one: string; other: string };
export type Key = keyof typeof en;
/** The texts of another language for the keys of an English file. */
export type Texts<English> = Record<keyof English, Text>;
export type Catalogue = Texts<typeof en>;

const catalogues: Record<Language, Catalogue> = { en, de };

/** The text of a key; `{name}` stands for a value, and `count` chooses between one and many. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text = catalogues[language.value][key];
  const chosen = typeof text === "string" ? text : text[plurals().select(Number(values.count ?? 0)) === "one" ? "one" : "other"];
  return chosen.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? numbers().format(value) : value;
  });
}

/** The text of a key that is made of a value from the server; null for a value that this page has no word for. */
export function textOf(key: string): string | null {
  return Object.hasOwn(en, key) ? t(key as Key) : null;
}

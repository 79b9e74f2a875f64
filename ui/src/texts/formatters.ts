// The formatters of a language, each made once: making one takes far longer, and far more memory, than using it.
import { language } from "./language";

const made = new Map<string, unknown>();

function once<Made>(kind: string, options: object, make: (spoken: string) => Made): Made {
  const spoken = language.value;
  const key = `${kind} ${spoken} ${JSON.stringify(options)}`;
  const known = made.get(key) as Made | undefined;
  if (known !== undefined) return known;
  const fresh = make(spoken);
  made.set(key, fresh);
  return fresh;
}

export function numbers(options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  return once("numbers", options, (spoken) => new Intl.NumberFormat(spoken, options));
}

export function dates(options: Intl.DateTimeFormatOptions = {}): Intl.DateTimeFormat {
  return once("dates", options, (spoken) => new Intl.DateTimeFormat(spoken, options));
}

export function plurals(): Intl.PluralRules {
  return once("plurals", {}, (spoken) => new Intl.PluralRules(spoken));
}

/** What each language calls itself. */
export function nameOfLanguage(each: string): string {
  return once(`name of ${each}`, {}, () => new Intl.DisplayNames(each, { type: "language" }).of(each) ?? each);
}

// What is typed into a form: kept until it was sent, whatever goes wrong on the way.
import { useId, useState } from "preact/hooks";
import type { Problem } from "../../api";
import { t } from "../../texts";
import { inDays } from "../work/item";

export interface Draft<Name extends string> {
  id: string;
  typed: Record<Name, string>;
  problem: Problem | null;
  /** What is wrong with a field, once somebody tried to send it. */
  wrongOf: (name: Name) => string | null;
  set: (name: Name, value: string) => void;
  /** Whether all is right; if not, the first field that is wrong has the focus. */
  check: () => boolean;
  clear: () => void;
}

/** `empty` is what stands in the fields before anybody types; `wrong` says by field what is wrong with what is typed; `problem` is what the server refused. */
export function useDraft<Name extends string>(
  empty: Record<Name, string>,
  wrong: (typed: Record<Name, string>) => Partial<Record<Name, string | null>>,
  problem: Problem | null,
  changed: () => void = () => undefined,
): Draft<Name> {
  const id = useId();
  const [touched, setTouched] = useState<Partial<Record<Name, string>>>({});
  const [isTried, setTried] = useState(false);
  // What nobody touched follows what is known: somebody else may change it meanwhile.
  const typed = { ...empty, ...touched };
  const found = wrong(typed);
  return {
    id,
    typed,
    problem,
    wrongOf: (name) => (isTried ? (found[name] ?? null) : null),
    set: (name, value) => {
      setTouched((before) => ({ ...before, [name]: value }));
      changed();
    },
    check: () => {
      setTried(true);
      const first = (Object.keys(empty) as Name[]).find((name) => found[name]);
      if (first !== undefined) document.getElementById(`${id}-${first}`)?.focus();
      return first === undefined;
    },
    clear: () => {
      setTouched({});
      setTried(false);
    },
  };
}

export const LONGEST_TITLE = 255;

/** Of a title or name: a sentence where its length is wrong. */
export function wrongTitle(text: string): string | null {
  const { length } = [...text.trim()];
  return length >= 1 && length <= LONGEST_TITLE ? null : t("work.titleLength");
}

/** Of a day on which something is due. */
export function wrongDay(day: string): string | null {
  return day !== "" && day < inDays(0) ? t("work.notPast") : null;
}

const AMOUNT = /^\d{1,13}([.,]\d{1,6})?$/;

/** Of an amount of money that may be left out. */
export function wrongAmount(text: string): string | null {
  return text.trim() === "" || AMOUNT.test(text.trim()) ? null : t("form.amountWrong");
}

/** An amount as a person types it: the API has all six decimals. */
export function plainAmount(amount: string | null): string {
  return (amount ?? "").replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

/** An amount as the API reads it; null where none is typed. */
export function amountOf(text: string): string | null {
  return text.trim().replace(",", ".") || null;
}

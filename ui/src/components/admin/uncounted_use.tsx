// Whose statements, and which, are no use: backup jobs, scanners, catalogues.
import { useState } from "preact/hooks";
import { t } from "../../texts";
import { useWrite } from "../../write";
import { Card, Moment, Name } from "../basics";
import { useDraft } from "../form/draft";
import { Field } from "../form/field";
import "../form/form.css";
import { Refusal } from "../refusal";

const FIELDS = ["users", "exceptUsers", "statements"] as const;
type Patterns = Record<(typeof FIELDS)[number], string[]>;
const MOST = 50;
const LONGEST = 200;

export interface Said extends Patterns {
  setBy: string | null;
  setAt: string | null;
}

export function UncountedUse({ said }: { said: Said }) {
  return (
    <Card title={t("admin.uncounted")}>
      <p class="muted">{t("admin.uncountedNote")}</p>
      <Form said={said} />
    </Card>
  );
}

function Form({ said }: { said: Said }) {
  const [isSet, setIsSet] = useState(false);
  const write = useWrite();
  const start = Object.fromEntries(FIELDS.map((name) => [name, said[name].join("\n")])) as Record<(typeof FIELDS)[number], string>;
  const wrong = (typed: typeof start) => Object.fromEntries(FIELDS.map((name) => [name, wrongPatterns(typed[name])]));
  const draft = useDraft(start, wrong, write.problem, () => (write.forget(), setIsSet(false)));
  const submit = async (event: Event) => {
    event.preventDefault();
    if (!draft.check()) return;
    const input = Object.fromEntries(FIELDS.map((name) => [name, linesOf(draft.typed[name])]));
    const isDone = (await write.send("set_uncounted_use", { input })) !== null;
    setIsSet(isDone);
    if (isDone) draft.clear();
  };
  return (
    <form class="form" onSubmit={submit} noValidate>
      {said.setBy && said.setAt && (
        <p class="muted small">
          {t("admin.setBy")} <Name text={said.setBy} />, <Moment at={said.setAt} />
        </p>
      )}
      {FIELDS.map((name) => (
        <Field key={name} draft={draft} name={name} kind="lines" label={t(`admin.uncounted.${name}`)} />
      ))}
      <p>{t("admin.uncountedConsequence")}</p>
      <Refusal problem={write.problem} atField={FIELDS} />
      <div class="actions">
        <button type="submit" class="primary" disabled={write.isBusy} aria-busy={write.isBusy}>
          {t("admin.uncountedNow")}
        </button>
      </div>
      <p role="status">{isSet && t("admin.uncountedSet")}</p>
    </form>
  );
}

/** One pattern a line. */
function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

function wrongPatterns(text: string): string | null {
  const patterns = linesOf(text);
  const isRight = patterns.length <= MOST && patterns.every((each) => [...each].length <= LONGEST);
  return isRight ? null : t("admin.patternsWrong", { count: MOST, longest: LONGEST });
}

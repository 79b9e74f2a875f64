import { useState } from "preact/hooks";
import { claimsOf, reason, signIn } from "../session";
import { t } from "../texts";

/** Asks for a token; what is on the screen stays below it. */
export function SignIn() {
  const [text, setText] = useState("");
  const [isWrong, setWrong] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    const found = text.trim().replace(/^Bearer\s+/i, "");
    if (claimsOf(found) === null) setWrong(true);
    else signIn(found);
  };
  return (
    <section class="card sign-in" aria-labelledby="sign-in-title">
      <h2 id="sign-in-title">{t(reason.value === "expired" ? "tokenExpired" : reason.value ? "tokenRefused" : "signIn")}</h2>
      <p>{t("signInHow")}</p>
      <form onSubmit={submit}>
        <label for="token">{t("token")}</label>
        <input
          id="token"
          type="password"
          autoComplete="off"
          spellcheck={false}
          value={text}
          aria-invalid={isWrong}
          aria-describedby={isWrong ? "token-wrong" : undefined}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setWrong(false);
          }}
        />
        {isWrong && (
          <p id="token-wrong" class="wrong" role="alert">
            {t("noToken")}
          </p>
        )}
        <button type="submit" class="primary">
          {t("signIn")}
        </button>
      </form>
    </section>
  );
}

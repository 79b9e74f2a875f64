// The frame around all views: where one can go, who one is, light and dark, language.
import { Component, type ComponentChildren, type FunctionComponent } from "preact";
import { Heading, Link, Moment, Notice } from "./components/basics";
import { Finder } from "./components/finder";
import { Icon, type IconName } from "./components/icons";
import { Landing } from "./landing";
import { useAskMe, useMe } from "./me";
import { online } from "./online";
import { OverlongNotice } from "./overlong";
import { forgetAnswers, trouble } from "./query";
import { addressOf, place } from "./router";
import { claims, reason, signOut, token } from "./session";
import { language, languages, type Key, speak, t } from "./texts";
import { nameOfLanguage } from "./texts/formatters";
import { show, theme } from "./theme";
import { Administration } from "./views/administration";
import { ForecastView } from "./views/forecast";
import { ReportView } from "./views/report";
import { Savings } from "./views/savings";
import { SignIn } from "./views/sign_in";
import { TableView } from "./views/table";
import { Trust } from "./views/trust";
import { Unlock } from "./views/unlock";
import { Waste } from "./views/waste";
import { MyWeek } from "./views/week";
import { Work } from "./views/work";

const VIEWS: Record<string, FunctionComponent> = {
  "": Landing,
  waste: Waste,
  unlock: Unlock,
  table: TableView,
  week: MyWeek,
  work: Work,
  savings: Savings,
  forecast: ForecastView,
  trust: Trust,
  admin: Administration,
  report: ReportView,
};
// Those that are reached from anywhere; a table is reached from a list.
const MENU: [string, Key & IconName][] = [
  ["", "overview"],
  ["waste", "waste"],
  ["unlock", "unlock"],
  ["week", "week"],
  ["work", "work"],
  ["savings", "savings"],
  ["forecast", "forecast"],
  ["trust", "trust"],
];
const ADMINISTRATION: typeof MENU = [["admin", "admin"]];

export function App() {
  const View = VIEWS[place.value.view];
  useAskMe();
  const mayAdminister = useMe().data?.me.mayAdminister === true;
  document.documentElement.lang = language.value;
  return (
    <>
      <a class="skip" href="#content">
        {t("skip")}
      </a>
      <header class="top">
        <Link to={addressOf("")} class="brand">
          <span aria-hidden="true" class="eye" />
          ThirdEye
        </Link>
        <nav aria-label={t("menu")}>
          {[...MENU, ...(mayAdminister ? ADMINISTRATION : [])].map(([view, name]) => (
            <Link key={view} to={addressOf(view)} current={place.value.view === view}>
              <Icon name={name} />
              {t(name)}
            </Link>
          ))}
        </nav>
        {claims.value && <Finder />}
        <Who />
      </header>
      <main id="content" tabIndex={-1}>
        <Content>{View ? <View /> : <Unknown />}</Content>
      </main>
      <Trouble />
      <OverlongNotice />
    </>
  );
}

/**
 * The view. Whoever has to sign in again does so above it, so that nothing on the screen and nothing typed is lost; whoever has
 * left, or never came, sees nothing of it.
 */
function Content({ children }: { children: ComponentChildren }) {
  const isOut = token.value === null;
  if (isOut && reason.value === null) {
    return (
      <>
        <Heading title={t("signIn")}>ThirdEye</Heading>
        <SignIn />
      </>
    );
  }
  return (
    <>
      {isOut && (
        <div class="again" role="alert">
          <SignIn />
        </div>
      )}
      <Guard key={place.value.view}>{children}</Guard>
    </>
  );
}

/** Why what is on the screen is not renewed, at the lower edge: it comes and goes without moving anything. */
function Trouble() {
  const isOffline = !online.value;
  const problem = trouble.value;
  if (!isOffline && problem === null) return null;
  return (
    <div class="trouble">
      <Notice kind="warning">
        <p>{isOffline ? t("offline") : `${t("outdated")} ${t(`problem.${problem?.kind ?? "other"}`)}`}</p>
      </Notice>
    </div>
  );
}

function Who() {
  const who = claims.value;
  const leave = () => {
    forgetAnswers();
    signOut();
  };
  return (
    <div class="who">
      {who && (
        <span class="small" title={who.name}>
          <bdi>{who.name}</bdi>
          {who.expires && (
            <span class="muted">
              {" "}
              {t("until")} <Moment at={who.expires.toISOString()} />
            </span>
          )}
        </span>
      )}
      {who && (
        <button type="button" class="plain" onClick={leave}>
          <Icon name="leave" />
          {t("signOut")}
        </button>
      )}
      <label>
        <span class="hidden">{t("language")}</span>
        <select value={language.value} onChange={(event) => speak(event.currentTarget.value)}>
          {languages.map((each) => (
            <option key={each} value={each}>
              {nameOfLanguage(each)}
            </option>
          ))}
        </select>
      </label>
      <button type="button" class="plain" aria-pressed={theme.value === "dark"} onClick={() => show(theme.value === "dark" ? "light" : "dark")}>
        <Icon name={theme.value === "dark" ? "sun" : "moon"} />
        {t("dark")}
      </button>
    </div>
  );
}

function Unknown() {
  return (
    <>
      <Heading title={t("unknownView")}>{t("unknownView")}</Heading>
      <p>
        <Link to={addressOf("")}>{t("toOverview")}</Link>
      </p>
    </>
  );
}

/** What goes wrong in a view is said in its place; the rest of the page goes on. */
class Guard extends Component<{ children: ComponentChildren }, { failed: boolean }> {
  override state = { failed: false };

  static override getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Notice kind="error">
        <p>{t("problem.other")}</p>
        <button type="button" onClick={() => location.reload()}>
          {t("tryAgain")}
        </button>
      </Notice>
    );
  }
}

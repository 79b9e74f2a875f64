import { Heading } from "../components/basics";
import { t } from "../texts";

export function Unlock() {
  return <Heading title={t("unlock")}>{t("unlock")}</Heading>;
}

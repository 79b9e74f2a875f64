import { Heading } from "../components/basics";
import { t } from "../texts";

export function Waste() {
  return <Heading title={t("waste")}>{t("waste")}</Heading>;
}

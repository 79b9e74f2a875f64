import { Heading } from "../components/basics";
import { t } from "../texts";

export function TableView() {
  return <Heading title={t("table")}>{t("table")}</Heading>;
}

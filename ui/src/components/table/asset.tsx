import { addressOf } from "../../router";
import { t, textOf } from "../../texts";
import { Link, Name } from "../basics";
import type { Asset } from "./answer";

/** The kind of an asset in the reader's language; of one that has no word here, OpenMetadata's. */
export function kindName(kind: string): string {
  return textOf(`table.kind.${kind}`) ?? kind;
}

/** An asset with its kind; a table leads to its page. */
export function AssetName({ asset, short = false }: { asset: Asset; short?: boolean }) {
  const name = (short ? asset.name : (asset.fqn ?? asset.name)) ?? asset.id;
  return (
    <>
      {!short && <span class="muted small">{kindName(asset.kind)} </span>}
      {asset.kind === "table" && asset.fqn ? (
        <Link to={addressOf("table", { fqn: asset.fqn })}>
          <Name text={name} />
        </Link>
      ) : (
        <Name text={name} />
      )}
      {asset.removed && <span class="muted small"> {t("table.removed")}</span>}
    </>
  );
}

import type { Catalogue } from ".";
import { common } from "./de/common";
import { overview } from "./de/overview";
import { table } from "./de/table";
import { unlock } from "./de/unlock";
import { waste } from "./de/waste";

export const de: Catalogue = { ...common, ...overview, ...waste, ...table, ...unlock };

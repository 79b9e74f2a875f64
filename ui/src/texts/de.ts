import type { Catalogue } from ".";
import { common } from "./de/common";
import { overview } from "./de/overview";
import { states } from "./de/states";
import { table } from "./de/table";
import { unlock } from "./de/unlock";
import { work } from "./de/work";
import { week } from "./de/week";
import { savings } from "./de/savings";
import { forecast } from "./de/forecast";
import { trust } from "./de/trust";
import { admin } from "./de/admin";
import { report } from "./de/report";
import { waste } from "./de/waste";

export const de: Catalogue = { ...common, ...states, ...overview, ...waste, ...table, ...unlock, ...work, ...week, ...savings, ...forecast, ...trust, ...admin, ...report };

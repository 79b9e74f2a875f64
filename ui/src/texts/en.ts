// English, and the keys of every language. `{name}` stands for a value.
import { common } from "./en/common";
import { overview } from "./en/overview";
import { states } from "./en/states";
import { table } from "./en/table";
import { unlock } from "./en/unlock";
import { work } from "./en/work";
import { week } from "./en/week";
import { savings } from "./en/savings";
import { forecast } from "./en/forecast";
import { trust } from "./en/trust";
import { admin } from "./en/admin";
import { report } from "./en/report";
import { waste } from "./en/waste";

export const en = { ...common, ...states, ...overview, ...waste, ...table, ...unlock, ...work, ...week, ...savings, ...forecast, ...trust, ...admin, ...report };

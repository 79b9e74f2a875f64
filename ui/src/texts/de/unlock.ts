import type { Texts } from "..";
import type { unlock as english } from "../en/unlock";

export const unlock: Texts<typeof english> = {};

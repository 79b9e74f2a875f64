import type { Texts } from "..";
import type { waste as english } from "../en/waste";

export const waste: Texts<typeof english> = {};

// How well verdicts held, and the policy they follow, as the view of trust asks for it. Shares are of 1.
export interface Rate {
  verdicts: number;
  regrets: number;
  rate: number | null;
  lower: number | null;
  upper: number | null;
}

export interface Policy {
  deleteRisk: number;
  archiveRisk: number;
  minimumIdleDays: number;
  protectedTags: string[];
  reviewCaredFor: boolean;
  setBy: string | null;
  setAt: string | null;
}

export interface Trust {
  verdictQuality: Rate & {
    from: string;
    to: string;
    calibratedAt: string | null;
    standing: number;
    byVerdict: (Rate & { recommendation: string; standing: number })[];
    byClass: (Rate & { recommendation: string; like: string; promisedRisk: number | null; calibrationOff: boolean; standing: number })[];
    calibration: (Rate & { from: number; to: number; expectedRisk: number })[];
  };
  policy: Policy;
  policyHistory: Policy[];
}

export interface Simulation {
  simulatePolicy: {
    tables: number;
    saving: string;
    changed: number;
    verdicts: { recommendation: string; tables: number; monthlyCost: string }[];
    backTest: { days: string[]; delete: Rate; archive: Rate };
  };
}

/** What a person sets: the fields that have a slider or a box. */
export type Chosen = Pick<Policy, "deleteRisk" | "archiveRisk" | "minimumIdleDays" | "reviewCaredFor">;

export function chosenOf({ deleteRisk, archiveRisk, minimumIdleDays, reviewCaredFor }: Policy): Chosen {
  return { deleteRisk, archiveRisk, minimumIdleDays, reviewCaredFor };
}

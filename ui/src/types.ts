// Parts of ThirdEye's answers that several views show. Money is decimal text in USD, bytes are text as they pass 2^53.
export interface Owner {
  id?: string;
  type: "user" | "team";
  name: string;
}

export type Verdict = "KEEP" | "REVIEW" | "STOP_REFRESH" | "ARCHIVE" | "DELETE";

// What the view "table" says; keys begin with its name, but for those of the first view.
export const table = {} as const;

// What the view "waste" says; keys begin with its name, but for those of the first view.
export const waste = {} as const;

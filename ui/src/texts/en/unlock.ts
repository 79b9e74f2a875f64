// What the view "unlock" says; keys begin with its name, but for those of the first view.
export const unlock = {} as const;

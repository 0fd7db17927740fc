// The version of this compiler; the bundler puts in what package.json says.
declare const twinVersion: string;

export const version: string = typeof twinVersion === "string" ? twinVersion : "0.0.0-source";

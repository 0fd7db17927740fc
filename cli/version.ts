// The version of this compiler; the bundler puts in what package.json says.
declare const TWIN_VERSION: string;

export const version: string = typeof TWIN_VERSION === "string" ? TWIN_VERSION : "0.0.0-source";

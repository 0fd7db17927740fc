// Counts as messages say them.

export const counted = (number: number): string => number.toLocaleString("en-GB");

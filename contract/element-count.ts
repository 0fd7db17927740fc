// How many numbers a tensor holds.

/** The product of a shape's sizes; 1 for [], a number. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
